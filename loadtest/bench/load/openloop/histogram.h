/* A histogram of durations with at most 0.8 % error at any size: log-linear, as HdrHistogram's. */
#include <math.h>
#include <stdint.h>

typedef int64_t nanoseconds;

enum { FLOOR = 10000 };                           /* shorter durations count as 0.01 ms */
enum { STEPS_LOG2 = 7, STEPS = 1 << STEPS_LOG2 }; /* 128 steps a doubling */

struct histogram {
    uint64_t counts[64 * STEPS], total;
    nanoseconds max;
};

static void observe(struct histogram *h, nanoseconds value) {
    uint64_t v = value < FLOOR ? FLOOR : (uint64_t)value;
    int shift = 63 - __builtin_clzll(v) - STEPS_LOG2;
    h->counts[(shift + 1) * STEPS + (v >> shift) - STEPS]++;
    h->total++;
    if (value > h->max) h->max = value;
}

/* Milliseconds that `percent` of the values do not exceed: the middle of the step, 100 is exact. */
static double percentile_ms(const struct histogram *h, double percent) {
    uint64_t wanted = (uint64_t)ceil(h->total * percent / 100), seen = 0;
    if (percent >= 100 || h->total == 0) return h->max / 1e6;
    for (size_t i = 0; i < sizeof h->counts / sizeof *h->counts; i++) {
        seen += h->counts[i];
        if (seen < wanted || seen == 0) continue;
        int shift = (int)(i / STEPS) - 1;
        double middle = ldexp(i % STEPS + STEPS + 0.5, shift);
        return fmin(middle, h->max < FLOOR ? FLOOR : h->max) / 1e6;
    }
    return h->max / 1e6;
}
