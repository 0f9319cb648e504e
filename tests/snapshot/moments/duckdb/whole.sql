WITH centre AS MATERIALIZED 
(SELECT coalesce(avg(first_rows.x0), 0.0) AS centre0, coalesce(avg(first_rows.x1), 0.0) AS centre1 
FROM (SELECT CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1 
FROM lab.trial 
 LIMIT 1000) AS first_rows)
 SELECT groups_found.grouping, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.left0, groups_found.left1, groups_found.square0, groups_found.square1, groups_found.product0, groups_found.mean0, groups_found.mean1, centre.centre0, centre.centre1 
FROM (SELECT -1 AS grouping, count(*) AS n, count(*) - count(moved.x0) AS missing0, count(*) - count(moved.x1) AS missing1, sum(moved.d0) AS left0, sum(moved.d1) AS left1, sum(moved.d0 * moved.d0) AS square0, sum(moved.d1 * moved.d1) AS square1, sum(moved.d0 * moved.d1) AS product0, 0 AS mean0, 0 AS mean1 
FROM (SELECT units.x0 AS x0, units.x1 AS x1, units.x0 - centre.centre0 AS d0, units.x1 - centre.centre1 AS d1 
FROM (SELECT CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1 
FROM lab.trial) AS units JOIN centre ON true) AS moved) AS groups_found JOIN centre ON true
