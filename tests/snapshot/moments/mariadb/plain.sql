WITH centre AS 
(SELECT coalesce(avg(all_rows.x0), 0.0) AS centre0, coalesce(avg(all_rows.x1), 0.0) AS centre1, coalesce(avg(all_rows.x2), 0.0) AS centre2 
FROM (SELECT variant AS k0, CAST(orders AS DOUBLE) AS x0, CAST(`before` AS DOUBLE) AS x1, CAST(paid AS DOUBLE) AS x2 
FROM lab.trial) AS all_rows), 
moved AS 
(SELECT units.k0 AS k0, units.x0 AS x0, units.x1 AS x1, units.x2 AS x2, units.x0 - centre.centre0 AS d0, units.x1 - centre.centre1 AS d1, units.x2 - centre.centre2 AS d2 
FROM (SELECT variant AS k0, CAST(orders AS DOUBLE) AS x0, CAST(`before` AS DOUBLE) AS x1, CAST(paid AS DOUBLE) AS x2 
FROM lab.trial) AS units INNER JOIN centre ON true = 1)
 SELECT groups_found.grouping, groups_found.k0, groups_found.mean0, groups_found.mean1, groups_found.mean2, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.missing2, groups_found.low0, groups_found.high0, groups_found.left0, groups_found.left1, groups_found.left2, groups_found.square0, groups_found.square1, groups_found.square2, groups_found.product0, centre.centre0, centre.centre1, centre.centre2 
FROM (SELECT -1 AS grouping, moved0.k0 AS k0, max(moved0.mean0) AS mean0, max(moved0.mean1) AS mean1, max(moved0.mean2) AS mean2, count(*) AS n, count(*) - count(moved0.x0) AS missing0, count(*) - count(moved0.x1) AS missing1, count(*) - count(moved0.x2) AS missing2, min(moved0.x0) AS low0, max(moved0.x0) AS high0, sum(moved0.d0) AS left0, sum(moved0.d1) AS left1, sum(moved0.d2) AS left2, sum(moved0.d0 * moved0.d0) AS square0, sum(moved0.d1 * moved0.d1) AS square1, sum(moved0.d2 * moved0.d2) AS square2, sum(moved0.d0 * moved0.d1) AS product0 
FROM (SELECT moved.k0 AS k0, moved.x0 AS x0, moved.x1 AS x1, moved.x2 AS x2, moved.d0 - means0.mean0 AS d0, moved.d1 - means0.mean1 AS d1, moved.d2 - means0.mean2 AS d2, means0.mean0 AS mean0, means0.mean1 AS mean1, means0.mean2 AS mean2 
FROM moved INNER JOIN (SELECT moved.k0 AS k0, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1, avg(moved.d2) AS mean2 
FROM moved GROUP BY moved.k0) AS means0 ON means0.k0 <=> moved.k0) AS moved0 GROUP BY moved0.k0) AS groups_found INNER JOIN centre ON true = 1
