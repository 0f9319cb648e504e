SELECT 0 AS grouping, moved.k0, moved.s0, count(*) AS n, count(*) - count(moved.x0) AS missing0, count(*) - count(moved.x1) AS missing1, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1, var_samp(moved.d0) AS square0, var_samp(moved.d1) AS square1 
FROM (SELECT units.k0 AS k0, units.s0 AS s0, units.x0 AS x0, units.x1 AS x1, units.x0 AS d0, units.x1 AS d1 
FROM (SELECT variant AS k0, country AS s0, CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1 
FROM lab.trial) AS units) AS moved GROUP BY moved.k0, moved.s0
