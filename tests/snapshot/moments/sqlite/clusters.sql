WITH units AS 
(SELECT variant AS k0, country AS s0, CAST(orders AS DOUBLE) AS x0, CASE WHEN (typeof(orders) IN ('text', 'blob')) THEN 1 ELSE 0 END AS t0, village AS c 
FROM lab.trial), 
centre AS 
(SELECT coalesce(avg(units.x0), 0.0) AS centre0, 0 AS centre1 
FROM units)
 SELECT groups_found.grouping, groups_found.k0, groups_found.s0, groups_found.mean0, groups_found.mean1, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.text0, groups_found.stray, groups_found.left0, groups_found.left1, groups_found.square0, groups_found.square1, groups_found.product0, centre.centre0, centre.centre1 
FROM (SELECT -1 AS grouping, moved0.k0 AS k0, (SELECT units.s0 
FROM units 
WHERE 0 = 1) AS s0, max(moved0.mean0) AS mean0, max(moved0.mean1) AS mean1, count(*) AS n, sum(moved0.u0) AS missing0, 0 AS missing1, max(moved0.t0) AS text0, max(CASE WHEN (moved0.c IS NULL) THEN 1 ELSE 0 END) AS stray, sum(moved0.d0) AS left0, sum(moved0.d1) AS left1, sum(moved0.d0 * moved0.d0) AS square0, sum(moved0.d1 * moved0.d1) AS square1, sum(moved0.d0 * moved0.d1) AS product0 
FROM (SELECT clusters0.k0 AS k0, clusters0.c AS c, clusters0.u0 AS u0, clusters0.t0 AS t0, clusters0.x1 AS x1, clusters0.d0 - means0.mean0 AS d0, clusters0.d1 - means0.mean1 AS d1, means0.mean0 AS mean0, means0.mean1 AS mean1 
FROM (SELECT units.k0 AS k0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, max(units.t0) AS t0, CAST(count(*) AS DOUBLE) AS d1, CAST(count(*) AS DOUBLE) AS x1 
FROM units JOIN centre ON 1 = 1 GROUP BY units.k0, units.c) AS clusters0 JOIN (SELECT clusters0.k0 AS k0, avg(clusters0.d0) AS mean0, avg(clusters0.d1) AS mean1 
FROM (SELECT units.k0 AS k0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, max(units.t0) AS t0, CAST(count(*) AS DOUBLE) AS d1, CAST(count(*) AS DOUBLE) AS x1 
FROM units JOIN centre ON 1 = 1 GROUP BY units.k0, units.c) AS clusters0 GROUP BY clusters0.k0) AS means0 ON means0.k0 IS clusters0.k0) AS moved0 GROUP BY moved0.k0 UNION ALL SELECT 0 AS grouping, moved1.k0 AS k0, moved1.s0 AS s0, max(moved1.mean0) AS mean0, max(moved1.mean1) AS mean1, count(*) AS n, sum(moved1.u0) AS missing0, 0 AS missing1, max(moved1.t0) AS text0, max(CASE WHEN (moved1.c IS NULL) THEN 1 ELSE 0 END) AS stray, sum(moved1.d0) AS left0, sum(moved1.d1) AS left1, sum(moved1.d0 * moved1.d0) AS square0, sum(moved1.d1 * moved1.d1) AS square1, sum(moved1.d0 * moved1.d1) AS product0 
FROM (SELECT clusters1.k0 AS k0, clusters1.s0 AS s0, clusters1.c AS c, clusters1.u0 AS u0, clusters1.t0 AS t0, clusters1.x1 AS x1, clusters1.d0 - means1.mean0 AS d0, clusters1.d1 - means1.mean1 AS d1, means1.mean0 AS mean0, means1.mean1 AS mean1 
FROM (SELECT units.k0 AS k0, units.s0 AS s0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, max(units.t0) AS t0, CAST(count(*) AS DOUBLE) AS d1, CAST(count(*) AS DOUBLE) AS x1 
FROM units JOIN centre ON 1 = 1 GROUP BY units.k0, units.s0, units.c) AS clusters1 JOIN (SELECT clusters1.k0 AS k0, clusters1.s0 AS s0, avg(clusters1.d0) AS mean0, avg(clusters1.d1) AS mean1 
FROM (SELECT units.k0 AS k0, units.s0 AS s0, units.c AS c, coalesce(sum(units.x0 - centre.centre0), 0.0) AS d0, count(*) - count(units.x0) AS u0, max(units.t0) AS t0, CAST(count(*) AS DOUBLE) AS d1, CAST(count(*) AS DOUBLE) AS x1 
FROM units JOIN centre ON 1 = 1 GROUP BY units.k0, units.s0, units.c) AS clusters1 GROUP BY clusters1.k0, clusters1.s0) AS means1 ON means1.k0 IS clusters1.k0 AND means1.s0 IS clusters1.s0) AS moved1 GROUP BY moved1.k0, moved1.s0) AS groups_found JOIN centre ON 1 = 1
