SELECT told.channel AS channel, CAST(told.bought__converted AS DOUBLE) / nullif(told.bought__base, 0) AS bought 
FROM (SELECT bought__seen.channel AS channel, count(DISTINCT bought__seen.who__) AS bought__base, count(DISTINCT CASE WHEN (bought__seen.soonest__ < bought__seen.began__ + INTERVAL '72 hours') THEN bought__seen.who__ END) AS bought__converted 
FROM (SELECT bought__events.who__ AS who__, bought__events.at__ AS at__, bought__events.began__ AS began__, bought__events.done__ AS done__, bought__events.channel AS channel, min(bought__events.done__) OVER (PARTITION BY bought__events.who__ ORDER BY bought__events.at__ DESC, CASE WHEN (bought__events.done__ IS NULL) THEN 0 ELSE 1 END DESC) AS soonest__ 
FROM (SELECT customer_id AS who__, CAST(seen_at AS TIMESTAMP) AS at__, CAST(seen_at AS TIMESTAMP) AS began__, NULL AS done__, source AS channel 
FROM visits 
WHERE seen_at >= '2026-01-01' AND seen_at < '2026-04-01' AND customer_id IS NOT NULL AND 1 IS NOT NULL UNION ALL SELECT customer_id AS who__, CAST(placed AS TIMESTAMP) AS at__, NULL AS began__, CAST(placed AS TIMESTAMP) AS done__, NULL AS channel 
FROM orders 
WHERE placed >= '2025-12-30 23:00:00' AND placed < '2026-04-04 22:00:00' AND customer_id IS NOT NULL AND 1 IS NOT NULL) AS bought__events) AS bought__seen 
WHERE bought__seen.began__ IS NOT NULL GROUP BY bought__seen.channel) AS told ORDER BY CASE WHEN (told.channel IS NULL) THEN 1 ELSE 0 END, told.channel
