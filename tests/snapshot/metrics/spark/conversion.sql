SELECT told.channel AS channel, CAST(told.bought__converted AS DOUBLE) / CAST(nullif(told.bought__base, 0) AS NUMERIC) AS bought 
FROM (SELECT bought__seen.channel AS channel, count(DISTINCT bought__seen.who) AS bought__base, count(DISTINCT CASE WHEN (bought__seen.soonest < bought__seen.began + INTERVAL '72 hours') THEN bought__seen.who END) AS bought__converted 
FROM (SELECT bought__events.who AS who, bought__events.at AS at, bought__events.began AS began, bought__events.done AS done, bought__events.channel AS channel, min(bought__events.done) OVER (PARTITION BY bought__events.who ORDER BY bought__events.at DESC, CASE WHEN (bought__events.done IS NULL) THEN 0 ELSE 1 END DESC) AS soonest 
FROM (SELECT customer_id AS who, CAST(seen_at AS TIMESTAMP) AS at, CAST(seen_at AS TIMESTAMP) AS began, NULL AS done, source AS channel 
FROM visits 
WHERE seen_at >= '2026-01-01' AND seen_at < '2026-04-01' AND customer_id IS NOT NULL AND 1 IS NOT NULL UNION ALL SELECT customer_id AS who, CAST(placed AS TIMESTAMP) AS at, NULL AS began, CAST(placed AS TIMESTAMP) AS done, NULL AS channel 
FROM orders 
WHERE placed >= '2025-12-30 23:00:00' AND placed < '2026-04-04 22:00:00' AND customer_id IS NOT NULL AND 1 IS NOT NULL) AS bought__events) AS bought__seen 
WHERE bought__seen.began IS NOT NULL GROUP BY bought__seen.channel) AS told ORDER BY CASE WHEN (told.channel IS NULL) THEN 1 ELSE 0 END, told.channel
