// Latency histogram: logarithmic buckets, each power of two cut into 64 equal steps.

#include "load.h"

static size_t bucket_of(uint64_t value) {
    if (value < SUB_BUCKETS) return value;
    int shift = 63 - __builtin_clzll(value) - SUB_BUCKET_BITS;
    return (size_t)(shift + 1) * SUB_BUCKETS + (value >> shift) - SUB_BUCKETS;
}

/** The middle of a bucket's range. */
static uint64_t value_of(size_t bucket) {
    if (bucket < SUB_BUCKETS) return bucket;
    int shift = (int)(bucket / SUB_BUCKETS) - 1;
    uint64_t lowest = (bucket % SUB_BUCKETS + SUB_BUCKETS) << shift;
    return lowest + ((1ULL << shift) >> 1);
}

void histogram_record(struct histogram* histogram, uint64_t value, uint64_t count) {
    histogram->counts[bucket_of(value)] += count;
    histogram->total += count;
    if (value > histogram->largest) histogram->largest = value;
}

uint64_t histogram_percentile(const struct histogram* histogram, double percent) {
    uint64_t rank = (uint64_t)((double)histogram->total * percent / 100.0);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; ++bucket) {
        seen += histogram->counts[bucket];
        if (seen > rank) return value_of(bucket);
    }
    return histogram->largest;
}
