WITH centre AS MATERIALIZED 
(SELECT coalesce(avg(first_rows.x0), 0.0) AS centre0, coalesce(avg(first_rows.x1), 0.0) AS centre1, coalesce(avg(first_rows.x2), 0.0) AS centre2 
FROM (SELECT variant AS k0, CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1, CAST(paid AS DOUBLE PRECISION) AS x2 
FROM lab.trial 
 LIMIT 1000) AS first_rows)
 SELECT groups_found.grouping, groups_found.k0, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.missing2, groups_found.low0, groups_found.high0, groups_found.mean0, groups_found.mean1, groups_found.mean2, groups_found.square0, groups_found.square1, groups_found.square2, groups_found.product0, centre.centre0, centre.centre1, centre.centre2 
FROM (SELECT -1 AS grouping, moved.k0 AS k0, count(*) AS n, count(*) - count(moved.x0) AS missing0, count(*) - count(moved.x1) AS missing1, count(*) - count(moved.x2) AS missing2, min(moved.x0) AS low0, max(moved.x0) AS high0, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1, avg(moved.d2) AS mean2, var_samp(moved.d0) AS square0, var_samp(moved.d1) AS square1, var_samp(moved.d2) AS square2, covar_samp(moved.d0, moved.d1) AS product0 
FROM (SELECT units.k0 AS k0, units.x0 AS x0, units.x1 AS x1, units.x2 AS x2, units.x0 - centre.centre0 AS d0, units.x1 - centre.centre1 AS d1, units.x2 - centre.centre2 AS d2 
FROM (SELECT variant AS k0, CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1, CAST(paid AS DOUBLE PRECISION) AS x2 
FROM lab.trial) AS units JOIN centre ON true) AS moved GROUP BY moved.k0) AS groups_found JOIN centre ON true
