<?php
/**
 * What happens when something happens: half a page, then an exception.
 */

echo '<p>This never reaches anybody.';
throw new RuntimeException('boom');
