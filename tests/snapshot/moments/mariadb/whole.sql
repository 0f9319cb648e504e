WITH centre AS 
(SELECT coalesce(avg(all_rows.x0), 0.0) AS centre0, coalesce(avg(all_rows.x1), 0.0) AS centre1 
FROM (SELECT CAST(orders AS DOUBLE) AS x0, CAST(`before` AS DOUBLE) AS x1 
FROM lab.trial) AS all_rows), 
moved AS 
(SELECT units.x0 AS x0, units.x1 AS x1, units.x0 - centre.centre0 AS d0, units.x1 - centre.centre1 AS d1 
FROM (SELECT CAST(orders AS DOUBLE) AS x0, CAST(`before` AS DOUBLE) AS x1 
FROM lab.trial) AS units INNER JOIN centre ON true = 1)
 SELECT groups_found.grouping, groups_found.mean0, groups_found.mean1, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.left0, groups_found.left1, groups_found.square0, groups_found.square1, groups_found.product0, centre.centre0, centre.centre1 
FROM (SELECT -1 AS grouping, max(moved0.mean0) AS mean0, max(moved0.mean1) AS mean1, count(*) AS n, count(*) - count(moved0.x0) AS missing0, count(*) - count(moved0.x1) AS missing1, sum(moved0.d0) AS left0, sum(moved0.d1) AS left1, sum(moved0.d0 * moved0.d0) AS square0, sum(moved0.d1 * moved0.d1) AS square1, sum(moved0.d0 * moved0.d1) AS product0 
FROM (SELECT moved.x0 AS x0, moved.x1 AS x1, moved.d0 - means0.mean0 AS d0, moved.d1 - means0.mean1 AS d1, means0.mean0 AS mean0, means0.mean1 AS mean1 
FROM moved INNER JOIN (SELECT avg(moved.d0) AS mean0, avg(moved.d1) AS mean1 
FROM moved) AS means0 ON true = 1) AS moved0) AS groups_found INNER JOIN centre ON true = 1
