WITH centre AS 
(SELECT coalesce(avg(all_rows.x0), 0.0) AS centre0, coalesce(avg(all_rows.x1), 0.0) AS centre1 
FROM (SELECT variant AS k0, CAST(seen AS DATE) AS k1, country AS s0, tier AS s1, CAST(orders AS DOUBLE) AS x0, CAST(paid AS DOUBLE) AS x1 
FROM lab.trial) AS all_rows), 
moved AS 
(SELECT units.k0 AS k0, units.k1 AS k1, units.s0 AS s0, units.s1 AS s1, units.x0 AS x0, units.x1 AS x1, units.x0 - centre.centre0 AS d0, units.x1 - centre.centre1 AS d1 
FROM (SELECT variant AS k0, CAST(seen AS DATE) AS k1, country AS s0, tier AS s1, CAST(orders AS DOUBLE) AS x0, CAST(paid AS DOUBLE) AS x1 
FROM lab.trial) AS units INNER JOIN centre ON true = 1)
 SELECT groups_found.grouping, groups_found.k0, groups_found.k1, groups_found.s0, groups_found.s1, groups_found.mean0, groups_found.mean1, groups_found.n, groups_found.missing0, groups_found.missing1, groups_found.left0, groups_found.left1, groups_found.square0, groups_found.square1, centre.centre0, centre.centre1 
FROM (SELECT 0 AS grouping, moved0.k0 AS k0, moved0.k1 AS k1, moved0.s0 AS s0, (SELECT moved.s1 
FROM moved 
WHERE false = 1) AS s1, max(moved0.mean0) AS mean0, max(moved0.mean1) AS mean1, count(*) AS n, count(*) - count(moved0.x0) AS missing0, count(*) - count(moved0.x1) AS missing1, sum(moved0.d0) AS left0, sum(moved0.d1) AS left1, sum(moved0.d0 * moved0.d0) AS square0, sum(moved0.d1 * moved0.d1) AS square1 
FROM (SELECT moved.k0 AS k0, moved.k1 AS k1, moved.s0 AS s0, moved.s1 AS s1, moved.x0 AS x0, moved.x1 AS x1, moved.d0 - means0.mean0 AS d0, moved.d1 - means0.mean1 AS d1, means0.mean0 AS mean0, means0.mean1 AS mean1 
FROM moved INNER JOIN (SELECT moved.k0 AS k0, moved.k1 AS k1, moved.s0 AS s0, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1 
FROM moved GROUP BY moved.k0, moved.k1, moved.s0) AS means0 ON means0.k0 <=> moved.k0 AND means0.k1 <=> moved.k1 AND means0.s0 <=> moved.s0) AS moved0 GROUP BY moved0.k0, moved0.k1, moved0.s0 UNION ALL SELECT 1 AS grouping, moved1.k0 AS k0, moved1.k1 AS k1, (SELECT moved.s0 
FROM moved 
WHERE false = 1) AS s0, moved1.s1 AS s1, max(moved1.mean0) AS mean0, max(moved1.mean1) AS mean1, count(*) AS n, count(*) - count(moved1.x0) AS missing0, count(*) - count(moved1.x1) AS missing1, sum(moved1.d0) AS left0, sum(moved1.d1) AS left1, sum(moved1.d0 * moved1.d0) AS square0, sum(moved1.d1 * moved1.d1) AS square1 
FROM (SELECT moved.k0 AS k0, moved.k1 AS k1, moved.s0 AS s0, moved.s1 AS s1, moved.x0 AS x0, moved.x1 AS x1, moved.d0 - means1.mean0 AS d0, moved.d1 - means1.mean1 AS d1, means1.mean0 AS mean0, means1.mean1 AS mean1 
FROM moved INNER JOIN (SELECT moved.k0 AS k0, moved.k1 AS k1, moved.s1 AS s1, avg(moved.d0) AS mean0, avg(moved.d1) AS mean1 
FROM moved GROUP BY moved.k0, moved.k1, moved.s1) AS means1 ON means1.k0 <=> moved.k0 AND means1.k1 <=> moved.k1 AND means1.s1 <=> moved.s1) AS moved1 GROUP BY moved1.k0, moved1.k1, moved1.s1) AS groups_found INNER JOIN centre ON true = 1
