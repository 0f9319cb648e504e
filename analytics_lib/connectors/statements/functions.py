"""What is known of the functions of SQL: which answer the same for the same data, which do not."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHANGING: Final = _words(
    """
    now today transaction_timestamp statement_timestamp clock_timestamp timeofday getdate sysdate get_current_time
    get_current_timestamp current_localtime current_localtimestamp ago random gen_random_uuid uuidv4 uuidv7
    randomblob uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 reservoir_quantile normal_rand currval lastval
    nextval setval setseed set_config currtid2 last_insert_rowid total_changes current_connection_id current_query
    current_query_id current_transaction_id getvariable getenv txid_current txid_current_if_assigned
    txid_current_snapshot txid_status inet_client_port sleep_ms write_log query_to_xml dblink dblink_exec
    dblink_open dblink_fetch load_extension
    """
)
"""Functions that ask the clock, a source of chance, or the session and server: their answer changes by itself."""

CHANGING_WORDS: Final = _words(
    """
    current_date current_time current_timestamp localtime localtimestamp current_localtime current_localtimestamp
    tablesample
    """
)
"""The same of words that need no brackets."""

LEAST_ARGUMENTS: Final = {
    "date": 1, "time": 1, "datetime": 1, "julianday": 1, "unixepoch": 1, "strftime": 2, "age": 2, "uuid": 1,
}  # fmt: skip
"""Functions that ask the clock or chance where they are given fewer arguments; those of time also given ``'now'``."""

CLOCK_TEXTS: Final = frozenset({"now", "today", "tomorrow", "yesterday"})
"""What a time's text may be instead of a time."""

SWITCHING: Final = frozenset(
    {"setseed", "set_config", "setval", "nextval", "load_extension", "dblink_exec", "dblink_open"}
)
"""Functions that leave the session or the database other than they found it."""

TYPES: Final = _words(
    """
    varchar char character bpchar text string nvarchar bit varbit varying binary varbinary blob bytea decimal
    numeric dec float double real integer int bigint smallint time timetz timestamp timestamptz interval datetime
    struct map union enum
    """
)
"""Types that take an argument in brackets, as a function does."""

KEYWORDS: Final = _words(
    """
    all and any array as asc between by case cast columns cross cube desc distinct else end escape except exclude
    exists extract fetch filter first following from full group grouping groups having ilike in inner intersect is
    isnull join lateral last left like limit materialized natural not nothing notnull null nulls of offset on only
    or order outer over partition pivot positional preceding qualify range recursive regexp rename replace right
    rollup row rows select semi anti asof set sets similar some symmetric table ties then to trim try_cast unbounded
    union unpivot using values when where window with within without zone
    """
)
"""Words before a bracket that call nothing."""

SAME: Final = _words(
    """
    abs acos acosh any_value arbitrary arg_max arg_min argmax argmin array_agg array_append array_cat array_concat
    array_contains array_distinct array_filter array_has array_intersect array_length array_lower array_max
    array_min array_position array_prepend array_remove array_replace array_reverse array_slice array_sort array_sum
    array_to_string array_transform array_unique array_upper array_value array_zip ascii asin asinh atan atan2 atanh
    avg bar base64 bin bit_and bit_count bit_length bit_or bit_xor bool_and bool_or bround btrim cardinality cbrt
    ceil ceiling century char_length character_length chr coalesce concat concat_ws contains corr cos cosh cot count
    count_if countif covar_pop covar_samp cume_dist damerau_levenshtein date date_add date_bin date_diff date_part
    date_sub date_trunc datediff datepart datesub datetime datetrunc day dayname dayofmonth dayofweek dayofyear
    days_in_month decade decode degrees dense_rank div encode ends_with entropy epoch epoch_ms epoch_ns epoch_us era
    even every exp factorial first first_value flatten floor format from_base64 from_hex gcd generate_series
    generate_subscripts glob greatest group_concat hamming hash hex histogram hour if ifnull iif initcap instr
    isfinite isinf isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json json_agg json_array
    json_array_length json_build_array json_build_object json_contains json_each json_exists json_extract
    json_extract_path json_extract_path_text json_extract_string json_group_array json_group_object json_keys
    json_object json_object_agg json_structure json_tree json_type json_valid json_value jsonb_agg
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
    jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object_agg jsonb_object_keys
    jsonb_path_query jsonb_typeof json_array_elements json_array_elements_text julian julianday justify_days
    justify_hours justify_interval kurtosis lag last last_day last_value lcase lcm lead least left len length
    levenshtein lgamma list list_aggregate list_any_value list_append list_avg list_concat list_contains list_count
    list_distinct list_element list_extract list_filter list_first list_has list_last list_max list_min
    list_position list_prepend list_reduce list_reverse list_reverse_sort list_slice list_sort list_sum
    list_transform list_unique list_value list_zip listagg ln log log10 log2 lower lpad ltrim mad make_date
    make_interval make_time make_timestamp make_timestamptz map_entries map_extract map_from_entries map_keys
    map_values max max_by md5 mean median microsecond millennium millisecond min min_by minute mod mode month
    monthname nth_value ntile nullif nvl octet_length ord overlay parse_filename parse_path percent_rank pg_typeof
    percentile_cont percentile_disc position pow power printf product quantile quantile_cont quantile_disc quarter
    quote_ident quote_literal radians range rank read_csv read_csv_auto read_json read_json_auto read_ndjson
    read_ndjson_auto read_parquet parquet_scan reduce regexp_count regexp_extract regexp_extract_all
    regexp_full_match regexp_instr regexp_like regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy repeat replace reverse right round row_number row_to_json rpad rtrim second sem sha1 sha256
    sha512 sign signbit sin sinh skewness split split_part sqrt starts_with stddev stddev_pop stddev_samp str_split
    strftime string_agg string_split string_split_regex string_to_array string_to_table strip_accents strlen strpos
    strptime struct_extract struct_pack substr substring substring_index suffix sum tan tanh time_bucket timezone
    timezone_hour to_base64 to_char to_date to_days to_hex to_hours to_json to_jsonb to_minutes to_months to_number
    to_seconds to_timestamp to_weeks to_years total translate trim trim_array trunc try_strptime typeof ucase unhex
    unicode unistr unixepoch unnest upper var_pop var_samp variance week weekday weekofyear width_bucket xor year
    yearweek
    """
)
"""Functions, of any engine, that answer the same for the same arguments and rows."""
