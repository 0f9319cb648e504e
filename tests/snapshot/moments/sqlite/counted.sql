SELECT -1 AS grouping, moved.k0, moved.k1, count(*) AS n 
FROM (SELECT units.k0 AS k0, units.k1 AS k1 
FROM (SELECT variant AS k0, CASE WHEN (typeof(day) = 'text' AND (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*')) THEN substr(day, 1, 10) ELSE day END AS k1 
FROM lab.trial) AS units) AS moved GROUP BY moved.k0, moved.k1
