SELECT CASE WHEN (grouping(moved.s0, moved.s1) = 1) THEN 0 WHEN (grouping(moved.s0, moved.s1) = 2) THEN 1 END AS grouping, moved.k0, moved.k1, moved.s0, moved.s1, count(*) AS n, count(*) - count(moved.x0) AS missing0, count(*) - count(moved.x1) AS missing1, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1, var_samp(moved.d0) AS square0, var_samp(moved.d1) AS square1 
FROM (SELECT units.k0 AS k0, units.k1 AS k1, units.s0 AS s0, units.s1 AS s1, units.x0 AS x0, units.x1 AS x1, units.x0 AS d0, units.x1 AS d1 
FROM (SELECT variant AS k0, CAST(seen AS DATE) AS k1, country AS s0, tier AS s1, CAST(orders AS DOUBLE PRECISION) AS x0, CAST(paid AS DOUBLE PRECISION) AS x1 
FROM lab.trial) AS units) AS moved GROUP BY GROUPING SETS((moved.k0, moved.k1, moved.s0), (moved.k0, moved.k1, moved.s1))
