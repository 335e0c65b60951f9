<?php
send_html(200, 'Flight intake', '<h1>Flight intake</h1><p>Departures from New York, since 2009.</p>'
    . '<ul><li><a href="/report">Report</a></li><li><a href="/account">Account</a></li></ul>');
