SELECT told.channel AS channel, told.middle AS middle 
FROM (SELECT middle__ranked.channel AS channel, sum(CASE WHEN (CAST(abs((middle__ranked.place__ - 1) - (middle__ranked.many__ - 1) * 0.5) AS DOUBLE PRECISION) < 1) THEN CAST(middle__ranked.value__ AS DOUBLE PRECISION) * (1.0 - CAST(abs((middle__ranked.place__ - 1) - (middle__ranked.many__ - 1) * 0.5) AS DOUBLE PRECISION)) END) AS middle 
FROM (SELECT middle__values.channel AS channel, middle__values.value__ AS value__, row_number() OVER (PARTITION BY middle__values.channel ORDER BY middle__values.value__) AS place__, count(*) OVER (PARTITION BY middle__values.channel) AS many__ 
FROM (SELECT channel AS channel, amount AS value__ 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00+00:00' AND placed < '2026-03-31 22:00:00+00:00') AS middle__values 
WHERE middle__values.value__ IS NOT NULL) AS middle__ranked GROUP BY middle__ranked.channel) AS told ORDER BY CASE WHEN (told.channel IS NULL) THEN 1 ELSE 0 END, told.channel
