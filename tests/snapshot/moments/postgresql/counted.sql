SELECT -1 AS grouping, moved.k0, moved.k1, count(*) AS n 
FROM (SELECT units.k0 AS k0, units.k1 AS k1 
FROM (SELECT variant AS k0, day AS k1 
FROM lab.trial) AS units) AS moved GROUP BY moved.k0, moved.k1
