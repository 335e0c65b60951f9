<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title><?php echo h($title); ?> &middot; Flight intake</title>
<link rel="stylesheet" href="/assets/style.css?v=<?php echo APP_VERSION; ?>">
</head>
<body>
<div id="page">
<?php echo $html; ?>

<hr>
<p class="foot">Flight intake <?php echo APP_VERSION; ?></p>
</div>
</body>
</html>
