WITH units AS 
(SELECT variant AS k0, CAST(seen AS DATE) AS k1, country AS s0, tier AS s1, CAST(orders AS DOUBLE) AS x0 
FROM lab.trial)
 SELECT -1 AS grouping, ranked0.k0, ranked0.k1, (SELECT units.s0 
FROM units 
WHERE false = 1) AS s0, (SELECT units.s1 
FROM units 
WHERE false = 1) AS s1, ranked0.value, ranked0.place, ranked0.n 
FROM (SELECT units.k0 AS k0, units.k1 AS k1, units.x0 AS value, row_number() OVER (PARTITION BY units.k0, units.k1 ORDER BY units.x0) AS place, count(*) OVER (PARTITION BY units.k0, units.k1) AS n 
FROM units 
WHERE units.x0 IS NOT NULL) AS ranked0 
WHERE abs(CAST(ranked0.place AS DOUBLE) - (1.0 + (CAST(ranked0.n AS DOUBLE) - 1.0) * 0.9)) < 1.0 OR (abs(CAST(ranked0.place AS DOUBLE) - CAST(ranked0.n AS DOUBLE) * 0.9) <= 5.0 OR (abs(CAST(ranked0.place AS DOUBLE) - CAST(ranked0.n AS DOUBLE) * 0.9) - 5.0) * (abs(CAST(ranked0.place AS DOUBLE) - CAST(ranked0.n AS DOUBLE) * 0.9) - 5.0) <= CAST(ranked0.n AS DOUBLE) * 0.34573129386247103) AND (abs(CAST(ranked0.place AS DOUBLE) - CAST(ranked0.n AS DOUBLE) * 0.9) + 5.0) * (abs(CAST(ranked0.place AS DOUBLE) - CAST(ranked0.n AS DOUBLE) * 0.9) + 5.0) >= CAST(ranked0.n AS DOUBLE) * 0.34573129386247103 UNION ALL SELECT 0 AS grouping, ranked1.k0, ranked1.k1, ranked1.s0, (SELECT units.s1 
FROM units 
WHERE false = 1) AS s1, ranked1.value, ranked1.place, ranked1.n 
FROM (SELECT units.k0 AS k0, units.k1 AS k1, units.s0 AS s0, units.x0 AS value, row_number() OVER (PARTITION BY units.k0, units.k1, units.s0 ORDER BY units.x0) AS place, count(*) OVER (PARTITION BY units.k0, units.k1, units.s0) AS n 
FROM units 
WHERE units.x0 IS NOT NULL) AS ranked1 
WHERE abs(CAST(ranked1.place AS DOUBLE) - (1.0 + (CAST(ranked1.n AS DOUBLE) - 1.0) * 0.9)) < 1.0 OR (abs(CAST(ranked1.place AS DOUBLE) - CAST(ranked1.n AS DOUBLE) * 0.9) <= 5.0 OR (abs(CAST(ranked1.place AS DOUBLE) - CAST(ranked1.n AS DOUBLE) * 0.9) - 5.0) * (abs(CAST(ranked1.place AS DOUBLE) - CAST(ranked1.n AS DOUBLE) * 0.9) - 5.0) <= CAST(ranked1.n AS DOUBLE) * 0.34573129386247103) AND (abs(CAST(ranked1.place AS DOUBLE) - CAST(ranked1.n AS DOUBLE) * 0.9) + 5.0) * (abs(CAST(ranked1.place AS DOUBLE) - CAST(ranked1.n AS DOUBLE) * 0.9) + 5.0) >= CAST(ranked1.n AS DOUBLE) * 0.34573129386247103 UNION ALL SELECT 1 AS grouping, ranked2.k0, ranked2.k1, (SELECT units.s0 
FROM units 
WHERE false = 1) AS s0, ranked2.s1, ranked2.value, ranked2.place, ranked2.n 
FROM (SELECT units.k0 AS k0, units.k1 AS k1, units.s1 AS s1, units.x0 AS value, row_number() OVER (PARTITION BY units.k0, units.k1, units.s1 ORDER BY units.x0) AS place, count(*) OVER (PARTITION BY units.k0, units.k1, units.s1) AS n 
FROM units 
WHERE units.x0 IS NOT NULL) AS ranked2 
WHERE abs(CAST(ranked2.place AS DOUBLE) - (1.0 + (CAST(ranked2.n AS DOUBLE) - 1.0) * 0.9)) < 1.0 OR (abs(CAST(ranked2.place AS DOUBLE) - CAST(ranked2.n AS DOUBLE) * 0.9) <= 5.0 OR (abs(CAST(ranked2.place AS DOUBLE) - CAST(ranked2.n AS DOUBLE) * 0.9) - 5.0) * (abs(CAST(ranked2.place AS DOUBLE) - CAST(ranked2.n AS DOUBLE) * 0.9) - 5.0) <= CAST(ranked2.n AS DOUBLE) * 0.34573129386247103) AND (abs(CAST(ranked2.place AS DOUBLE) - CAST(ranked2.n AS DOUBLE) * 0.9) + 5.0) * (abs(CAST(ranked2.place AS DOUBLE) - CAST(ranked2.n AS DOUBLE) * 0.9) + 5.0) >= CAST(ranked2.n AS DOUBLE) * 0.34573129386247103
