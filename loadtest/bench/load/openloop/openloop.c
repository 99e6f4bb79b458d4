/* Open-loop HTTP/1.1 load for one loopback server: requests leave by a schedule fixed beforehand.
 *
 * 1. Latency counts from the intended start. A server that stalls is charged for every request that
 *    should have left meanwhile; a closed loop would leave these out ("coordinated omission",
 *    Gil Tene, HdrHistogram and wrk2).
 * 2. When all connections are busy, due requests queue and their clock runs.
 * 3. The generator says how far it fell behind by its own fault (lag: a request was due, a connection
 *    was free, nothing was sent), so that its reader can tell its delay from the server's.
 * 4. SIGTERM ends the schedule at that moment: what was due by then is still sent and waited for.
 *
 * Prints one JSON object. Times are nanoseconds of CLOCK_MONOTONIC inside, milliseconds outside. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "http.h"

enum { SECOND = 1000000000, START_DELAY = 50000000 };
enum { MAX_EVENTS = 512, TIMER = -1 };

struct options {
    int port, connections, poisson;
    double rate, seconds, warmup, drain;
    uint64_t seed;
    const char *requests_path;
};

struct connection {
    int fd;
    bool busy, measured;
    nanoseconds intended, free_since;
    const char *unsent;
    size_t unsent_bytes, have;
    char response[RESPONSE_BYTES];
};

struct run {
    struct options options;
    struct request *requests;
    size_t request_count;
    nanoseconds *intended, begin, last_answer;
    size_t planned, next, finished;
    struct connection *connections;
    int *idle, idle_head, idle_count; /* first in, first out, so that all connections are used */
    int epoll, timer;
    uint64_t random, redirected, redirected_measured, bad_status, broken, unanswered;
    struct histogram latency, lag;
};

static nanoseconds now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (nanoseconds)t.tv_sec * SECOND + t.tv_nsec;
}

/* xorshift64* (Vigna 2014): the same seed gives the same schedule on every machine. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static double next_unit(uint64_t *state) { return ((next_random(state) >> 11) + 1) * 0x1p-53; }

/* ---- plan ---- */

static void plan(struct run *run) {
    const struct options *o = &run->options;
    double gap = SECOND / o->rate, at = 0;
    run->planned = (size_t)((o->warmup + o->seconds) * o->rate);
    run->intended = malloc(run->planned * sizeof *run->intended);
    run->begin = now() + START_DELAY;
    for (size_t i = 0; i < run->planned; i++) {
        run->intended[i] = run->begin + (nanoseconds)at;
        at += o->poisson ? -log(next_unit(&run->random)) * gap : gap;
    }
}

/* ---- connections ---- */

static void open_connection(struct run *run, struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(run->options.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    event.data.u64 = (uint64_t)(c - run->connections);
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

static void close_connection(struct connection *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

static void release(struct run *run, struct connection *c) {
    int tail = (run->idle_head + run->idle_count++) % run->options.connections;
    run->idle[tail] = (int)(c - run->connections);
    c->busy = false;
    c->free_since = now();
    run->finished++;
}

static void fail(struct run *run, struct connection *c) {
    close_connection(c);
    if (!c->busy) return;
    run->broken++;
    release(run, c);
}

static void send_rest(struct run *run, struct connection *c) {
    while (c->unsent_bytes) {
        ssize_t sent = send(c->fd, c->unsent, c->unsent_bytes, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (sent < 0) {
            fail(run, c);
            return;
        }
        c->unsent += sent;
        c->unsent_bytes -= (size_t)sent;
    }
}

static void start_request(struct run *run, struct connection *c, size_t index) {
    const struct request *r = &run->requests[index % run->request_count];
    nanoseconds t = now(), intended = run->intended[index];
    c->busy = true;
    c->intended = intended;
    c->measured = intended >= run->begin + (nanoseconds)(run->options.warmup * SECOND);
    c->unsent = r->bytes;
    c->unsent_bytes = r->size;
    c->have = 0;
    if (c->measured) observe(&run->lag, t - (c->free_since > intended ? c->free_since : intended));
    if (c->fd < 0) open_connection(run, c);
    send_rest(run, c);
}

static void finish_response(struct run *run, struct connection *c) {
    int status = atoi(c->response + 9);
    bool redirected = status >= 300 && status < 400;
    const char *closing = strcasestr(c->response, "\r\nconnection: close");
    run->last_answer = now();
    run->redirected += redirected;
    run->bad_status += !redirected;
    run->redirected_measured += redirected && c->measured;
    if (c->measured) observe(&run->latency, run->last_answer - c->intended);
    if (closing) close_connection(c);
    release(run, c);
}

static void receive(struct run *run, struct connection *c) {
    while (c->busy && c->fd >= 0) {
        ssize_t got = recv(c->fd, c->response + c->have, RESPONSE_BYTES - 1 - c->have, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            fail(run, c);
            return;
        }
        c->have += (size_t)got;
        c->response[c->have] = '\0';
        ssize_t whole = response_bytes(c->response, c->have);
        if (whole < 0) fail(run, c);
        if (whole > 0) finish_response(run, c);
    }
}

/* ---- loop ---- */

static void dispatch(struct run *run) {
    while (run->idle_count && run->next < run->planned && run->intended[run->next] <= now()) {
        struct connection *c = &run->connections[run->idle[run->idle_head]];
        run->idle_head = (run->idle_head + 1) % run->options.connections;
        run->idle_count--;
        start_request(run, c, run->next++);
    }
}

/* A timer descriptor, since epoll's own timeout has only milliseconds. */
static void arm_timer(struct run *run) {
    if (!run->idle_count || run->next >= run->planned) return;
    nanoseconds due = run->intended[run->next];
    struct itimerspec at = {.it_value = {due / SECOND, due % SECOND}};
    timerfd_settime(run->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void handle_events(struct run *run) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(run->epoll, events, MAX_EVENTS, 100);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == (uint64_t)TIMER) continue; /* setting it again clears it */
        struct connection *c = &run->connections[events[i].data.u64];
        if (events[i].events & EPOLLOUT) send_rest(run, c);
        if (events[i].events & EPOLLIN) receive(run, c);
        if (c->fd >= 0 && events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) fail(run, c);
    }
}

static volatile sig_atomic_t told_to_end;

static void tell_to_end(int number) { told_to_end = number; }

static void cut_plan(struct run *run) {
    nanoseconds t = now();
    size_t due = run->next;
    while (due < run->planned && run->intended[due] <= t) due++;
    run->planned = due;
    run->options.seconds = fmax((t - run->begin) / (double)SECOND - run->options.warmup, 1e-3);
    told_to_end = 0;
}

static nanoseconds deadline(const struct options *o, nanoseconds begin) {
    return begin + (nanoseconds)((o->warmup + o->seconds + o->drain) * SECOND);
}

static void drive(struct run *run) {
    while (run->finished < run->planned && now() < deadline(&run->options, run->begin)) {
        if (told_to_end) cut_plan(run);
        dispatch(run);
        arm_timer(run);
        handle_events(run);
    }
}

static void charge_unanswered(struct run *run) {
    nanoseconds t = now();
    for (int i = 0; i < run->options.connections; i++)
        if (run->connections[i].busy) observe(&run->latency, t - run->connections[i].intended);
    for (size_t i = run->next; i < run->planned; i++) observe(&run->latency, t - run->intended[i]);
    run->unanswered = run->planned - run->finished;
}

/* ---- entry ---- */

static void prepare(struct run *run) {
    int n = run->options.connections;
    run->random = run->options.seed * 2 + 1;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)TIMER};
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->timer, &event)) die("epoll_ctl");
    run->connections = calloc((size_t)n, sizeof *run->connections);
    run->idle = calloc((size_t)n, sizeof *run->idle);
    for (int i = 0; i < n; i++) {
        run->idle[run->idle_count++] = i;
        open_connection(run, &run->connections[i]);
    }
}

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print_percentiles(const char *name, const struct histogram *h) {
    static const double percents[] = {50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100};
    printf("\"%s\": {", name);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
        printf("%s\"%g\": %.4f", i ? ", " : "", percents[i], percentile_ms(h, percents[i]));
    printf("}, ");
}

static void print_report(const struct run *run, double cpu_share) {
    nanoseconds from = run->begin + (nanoseconds)(run->options.warmup * SECOND);
    double took = fmax(run->options.seconds, (run->last_answer - from) / (double)SECOND);
    printf("{\"rate\": %g, \"achieved\": %.2f, \"planned\": %zu, ", run->options.rate,
           run->redirected_measured / took, run->planned);
    printf("\"redirected\": %" PRIu64 ", \"bad_status\": %" PRIu64 ", \"broken\": %" PRIu64
           ", \"unanswered\": %" PRIu64 ", ", run->redirected, run->bad_status, run->broken,
           run->unanswered);
    print_percentiles("latency_ms", &run->latency);
    print_percentiles("lag_ms", &run->lag);
    printf("\"cpu_share\": %.4f}\n", cpu_share);
}

static void parse_options(struct options *o, int argc, char **argv) {
    *o = (struct options){.connections = 64, .drain = 10, .seed = 1};
    for (int flag; (flag = getopt(argc, argv, "p:c:r:t:w:d:s:f:e")) != -1;) {
        if (flag == 'p') o->port = atoi(optarg);
        else if (flag == 'c') o->connections = atoi(optarg);
        else if (flag == 'r') o->rate = atof(optarg);
        else if (flag == 't') o->seconds = atof(optarg);
        else if (flag == 'w') o->warmup = atof(optarg);
        else if (flag == 'd') o->drain = atof(optarg);
        else if (flag == 's') o->seed = strtoull(optarg, NULL, 10);
        else if (flag == 'f') o->requests_path = optarg;
        else if (flag == 'e') o->poisson = 1;
    }
    if (o->port > 0 && o->connections > 0 && o->rate > 0 && o->seconds > 0 && o->requests_path) return;
    fputs("usage: openloop -p PORT -r REQUESTS_PER_SECOND -t SECONDS -f REQUESTS (each ended by NUL)\n"
          "  [-c CONNECTIONS] [-w WARM_UP_SECONDS] [-d DRAIN_SECONDS] [-s SEED] [-e (Poisson arrivals)]\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv) {
    static struct run run;
    parse_options(&run.options, argc, argv);
    run.requests = read_requests(run.options.requests_path, &run.request_count);
    prepare(&run);
    plan(&run);
    signal(SIGTERM, tell_to_end);
    double cpu = cpu_seconds();
    nanoseconds since = now();
    drive(&run);
    double wall = (now() - since) / (double)SECOND;
    charge_unanswered(&run);
    print_report(&run, (cpu_seconds() - cpu) / wall);
    return 0;
}
