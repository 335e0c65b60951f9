<h1>Departures from New York</h1>
<table>
<tr><th>Carrier</th><th>Flights</th><th>Miles</th><th>Late</th><th>Mean delay</th></tr>
<?php foreach ($sums as $code => $sum) { ?>
<tr><td><?php echo h($airlines[$code]['name']); ?></td><td><?php echo $sum['flights']; ?></td><td><?php echo number_format($sum['miles']); ?></td><td><?php printf('%.1f%%', $sum['late'] * 100 / $sum['flights']); ?></td><td><?php echo round($sum['delay'] / $sum['flights'], 2); ?></td></tr>
<?php } ?>
</table>
<table class="flights">
<tr><th>#</th><th>Flight</th><th>Route</th><th>Scheduled</th><th>Left</th><th>Delay</th><th>Plane</th></tr>
<?php foreach ($rows as $i => $row) { $plane = lookup('planes', $row['tailnum']); ?>
<tr class="<?php echo $i % 2 ? 'odd' : 'even'; ?><?php if ($row['dep_delay'] > 60) echo ' late'; ?>"><td><?php echo $i + 1; ?></td><td><?php echo h($row['carrier'] . ' ' . $row['flight']); ?></td><td><?php echo h($row['origin']); ?> &rarr; <?php echo h($row['dest']); ?></td><td><?php echo str_pad($row['sched_dep_time'], 4, '0', STR_PAD_LEFT); ?></td><td><?php echo h($row['dep_time']); ?></td><td><?php echo h($row['dep_delay']); ?></td><td><?php echo $plane ? h(ucwords(strtolower($plane['manufacturer'])) . ' ' . $plane['model']) : '&ndash;'; ?></td></tr>
<?php } ?>
</table>
