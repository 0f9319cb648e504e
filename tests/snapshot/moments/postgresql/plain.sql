SELECT -1 AS grouping, moved.k0, count(*) AS n, count(*) - count(moved.x0) AS missing0, count(*) - count(moved.x1) AS missing1, count(*) - count(moved.x2) AS missing2, min(moved.x0) AS low0, max(moved.x0) AS high0, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1, avg(moved.d2) AS mean2, var_samp(moved.d0) AS square0, var_samp(moved.d1) AS square1, var_samp(moved.d2) AS square2, covar_samp(moved.d0, moved.d1) AS product0 
FROM (SELECT units.k0 AS k0, units.x0 AS x0, units.x1 AS x1, units.x2 AS x2, units.x0 AS d0, units.x1 AS d1, units.x2 AS d2 
FROM (SELECT variant AS k0, CAST(orders AS DOUBLE PRECISION) AS x0, CAST(before AS DOUBLE PRECISION) AS x1, CAST(CAST(paid AS INTEGER) AS DOUBLE PRECISION) AS x2 
FROM lab.trial) AS units) AS moved GROUP BY moved.k0
