WITH periods__steps AS 
(SELECT explode(sequence(periods__ends.low, periods__ends.until, INTERVAL '1' month)) AS month, periods__ends.until AS until 
FROM (SELECT 0 AS n, CAST('2026-01-01' AS DATE) AS low, CAST('2026-03-31' AS DATE) AS until) AS periods__ends 
WHERE periods__ends.low <= periods__ends.until), 
periods AS 
(SELECT periods__steps.month AS month, CASE WHEN (date_add(add_months(periods__steps.month, 1), -1) > periods__steps.until) THEN periods__steps.until ELSE date_add(add_months(periods__steps.month, 1), -1) END AS last_day 
FROM periods__steps), 
periods__1m_ago__steps AS 
(SELECT explode(sequence(periods__1m_ago__ends.low, periods__1m_ago__ends.until, INTERVAL '1' month)) AS month, periods__1m_ago__ends.until AS until 
FROM (SELECT 0 AS n, CAST('2025-12-01' AS DATE) AS low, CAST('2026-02-28' AS DATE) AS until) AS periods__1m_ago__ends 
WHERE periods__1m_ago__ends.low <= periods__1m_ago__ends.until), 
periods__1m_ago AS 
(SELECT periods__1m_ago__steps.month AS month, CASE WHEN (date_add(add_months(periods__1m_ago__steps.month, 1), -1) > periods__1m_ago__steps.until) THEN periods__1m_ago__steps.until ELSE date_add(add_months(periods__1m_ago__steps.month, 1), -1) END AS last_day 
FROM periods__1m_ago__steps), 
told AS 
(SELECT numbers_0.month AS month, numbers_0.channel AS channel, numbers_0.revenue AS revenue, CAST(NULL AS DOUBLE) AS revenue__1m_ago, CAST(NULL AS DOUBLE) AS month_to_date, CAST(NULL AS DOUBLE) AS month_to_date__1m_ago 
FROM (SELECT CAST(date_trunc('month', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE) AS month, channel AS channel, sum(amount) AS revenue 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00' AND placed < '2026-03-31 22:00:00' GROUP BY CAST(date_trunc('month', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE), channel) AS numbers_0 UNION ALL SELECT numbers_1.month AS month, numbers_1.channel AS channel, CAST(NULL AS DOUBLE) AS revenue, CAST(NULL AS DOUBLE) AS revenue__1m_ago, numbers_1.month_to_date AS month_to_date, CAST(NULL AS DOUBLE) AS month_to_date__1m_ago 
FROM (SELECT periods.month AS month, month_to_date__days.channel AS channel, sum(month_to_date__days.value__) AS month_to_date 
FROM periods JOIN (SELECT CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE) AS on_day__, channel AS channel, sum(amount) AS value__ 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00' AND placed < '2026-03-31 22:00:00' GROUP BY CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE), channel) AS month_to_date__days ON month_to_date__days.on_day__ <= periods.last_day AND month_to_date__days.on_day__ >= CAST(date_trunc('month', CAST(periods.last_day AS TIMESTAMP)) AS DATE) GROUP BY periods.month, month_to_date__days.channel) AS numbers_1 UNION ALL SELECT numbers_2.month AS month, numbers_2.channel AS channel, CAST(NULL AS DOUBLE) AS revenue, numbers_2.revenue__1m_ago AS revenue__1m_ago, CAST(NULL AS DOUBLE) AS month_to_date, CAST(NULL AS DOUBLE) AS month_to_date__1m_ago 
FROM (SELECT periods.month AS month, before_0__1m_ago.channel AS channel, before_0__1m_ago.revenue__1m_ago AS revenue__1m_ago 
FROM periods JOIN (SELECT CAST(date_trunc('month', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE) AS month, channel AS channel, sum(amount) AS revenue__1m_ago 
FROM orders 
WHERE placed >= '2025-11-30 23:00:00' AND placed < '2026-02-28 23:00:00' GROUP BY CAST(date_trunc('month', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE), channel) AS before_0__1m_ago ON before_0__1m_ago.month = add_months(periods.month, -1)) AS numbers_2 UNION ALL SELECT numbers_3.month AS month, numbers_3.channel AS channel, CAST(NULL AS DOUBLE) AS revenue, CAST(NULL AS DOUBLE) AS revenue__1m_ago, CAST(NULL AS DOUBLE) AS month_to_date, numbers_3.month_to_date__1m_ago AS month_to_date__1m_ago 
FROM (SELECT periods.month AS month, before_1__1m_ago.channel AS channel, before_1__1m_ago.month_to_date__1m_ago AS month_to_date__1m_ago 
FROM periods JOIN (SELECT periods__1m_ago.month AS month, month_to_date__1m_ago__days.channel AS channel, sum(month_to_date__1m_ago__days.value__) AS month_to_date__1m_ago 
FROM periods__1m_ago JOIN (SELECT CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE) AS on_day__, channel AS channel, sum(amount) AS value__ 
FROM orders 
WHERE placed >= '2025-11-30 23:00:00' AND placed < '2026-02-28 23:00:00' GROUP BY CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE), channel) AS month_to_date__1m_ago__days ON month_to_date__1m_ago__days.on_day__ <= periods__1m_ago.last_day AND month_to_date__1m_ago__days.on_day__ >= CAST(date_trunc('month', CAST(periods__1m_ago.last_day AS TIMESTAMP)) AS DATE) GROUP BY periods__1m_ago.month, month_to_date__1m_ago__days.channel) AS before_1__1m_ago ON before_1__1m_ago.month = add_months(periods.month, -1)) AS numbers_3)
 SELECT found.month AS month, found.channel AS channel, CAST(coalesce(found.revenue, 0) AS DOUBLE) / nullif(coalesce(found.revenue__1m_ago, 0), 0) - 1.0 AS growth, coalesce(found.month_to_date, 0) - coalesce(found.month_to_date__1m_ago, 0) AS pace 
FROM (SELECT stacked.month AS month, stacked.channel AS channel, max(stacked.revenue) AS revenue, max(stacked.revenue__1m_ago) AS revenue__1m_ago, max(stacked.month_to_date) AS month_to_date, max(stacked.month_to_date__1m_ago) AS month_to_date__1m_ago 
FROM (SELECT told.month AS month, told.channel AS channel, told.revenue AS revenue, told.revenue__1m_ago AS revenue__1m_ago, told.month_to_date AS month_to_date, told.month_to_date__1m_ago AS month_to_date__1m_ago 
FROM told UNION ALL SELECT periods.month AS month, groups.channel AS channel, CAST(NULL AS DOUBLE) AS revenue, CAST(NULL AS DOUBLE) AS revenue__1m_ago, CAST(NULL AS DOUBLE) AS month_to_date, CAST(NULL AS DOUBLE) AS month_to_date__1m_ago 
FROM periods JOIN (SELECT DISTINCT told.channel AS channel 
FROM told) AS groups ON true) AS stacked GROUP BY stacked.month, stacked.channel) AS found ORDER BY CASE WHEN (found.month IS NULL) THEN 1 ELSE 0 END, found.month, CASE WHEN (found.channel IS NULL) THEN 1 ELSE 0 END, found.channel
