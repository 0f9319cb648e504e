WITH units AS 
(SELECT variant AS k0, country AS s0, CAST(orders AS DOUBLE PRECISION) AS x0, village AS c 
FROM lab.trial), 
centre AS MATERIALIZED 
(SELECT coalesce(avg(units.x0), 0.0) AS centre0, 0 AS centre1 
FROM units)
 SELECT groups_found.grouping, groups_found.k0, groups_found.s0, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.stray, groups_found.mean0, groups_found.mean1, groups_found.square0, groups_found.square1, groups_found.product0, centre.centre0, centre.centre1 
FROM (SELECT -1 AS grouping, clusters0.k0 AS k0, (SELECT units.s0 
FROM units 
WHERE false) AS s0, count(*) AS n, sum(clusters0.u0) AS missing0, 0 AS missing1, max(CASE WHEN (clusters0.c IS NULL) THEN 1 ELSE 0 END) AS stray, avg(clusters0.d0) AS mean0, avg(clusters0.d1) AS mean1, var_samp(clusters0.d0) AS square0, var_samp(clusters0.d1) AS square1, covar_samp(clusters0.d0, clusters0.d1) AS product0 
FROM (SELECT units.k0 AS k0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, CAST(count(*) AS DOUBLE PRECISION) AS d1, CAST(count(*) AS DOUBLE PRECISION) AS x1 
FROM units JOIN centre ON true GROUP BY units.k0, units.c) AS clusters0 GROUP BY clusters0.k0 UNION ALL SELECT 0 AS grouping, clusters1.k0 AS k0, clusters1.s0 AS s0, count(*) AS n, sum(clusters1.u0) AS missing0, 0 AS missing1, max(CASE WHEN (clusters1.c IS NULL) THEN 1 ELSE 0 END) AS stray, avg(clusters1.d0) AS mean0, avg(clusters1.d1) AS mean1, var_samp(clusters1.d0) AS square0, var_samp(clusters1.d1) AS square1, covar_samp(clusters1.d0, clusters1.d1) AS product0 
FROM (SELECT units.k0 AS k0, units.s0 AS s0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, CAST(count(*) AS DOUBLE PRECISION) AS d1, CAST(count(*) AS DOUBLE PRECISION) AS x1 
FROM units JOIN centre ON true GROUP BY units.k0, units.s0, units.c) AS clusters1 GROUP BY clusters1.k0, clusters1.s0) AS groups_found JOIN centre ON true
