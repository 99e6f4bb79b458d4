/* Loaded into a process by LD_PRELOAD: shifts its wall clock and fills its disks, as one shared
 * page says. The page is the file that CHAOS_WARP names, so all processes change at once, as they
 * do when a machine's clock is set or its disk runs full.
 *
 * Only the wall clock is shifted: a step of the clock leaves CLOCK_MONOTONIC and CLOCK_BOOTTIME
 * alone on a real machine, too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct warp {
    int64_t offset_seconds;
    /* Part of the path of files that take no more bytes; empty for none. */
    char full[248];
};

static volatile struct warp *warp;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("CHAOS_WARP");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof *warp, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        warp = page;
}

static int64_t offset_seconds(void)
{
    return warp ? warp->offset_seconds : 0;
}

static int is_full(int file)
{
    char link[32], path[4096], full[sizeof warp->full];
    if (!warp || !warp->full[0])
        return 0;
    memcpy(full, (const void *)warp->full, sizeof full);
    full[sizeof full - 1] = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0 || !full[0])
        return 0;
    path[length] = 0;
    return strstr(path, full) != NULL;
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) \
        next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec *now)
{
    NEXT(clock_gettime);
    int failed = next(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset_seconds();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    NEXT(gettimeofday);
    int failed = next(now, zone);
    if (!failed)
        now->tv_sec += offset_seconds();
    return failed;
}

time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

#define REFUSE_IF_FULL(file) \
    if (is_full(file)) { \
        errno = ENOSPC; \
        return -1; \
    }

ssize_t write(int file, const void *bytes, size_t count)
{
    NEXT(write);
    REFUSE_IF_FULL(file)
    return next(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    NEXT(pwrite);
    REFUSE_IF_FULL(file)
    return next(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset)
{
    NEXT(pwrite64);
    REFUSE_IF_FULL(file)
    return next(file, bytes, count, offset);
}

int ftruncate64(int file, off64_t length)
{
    NEXT(ftruncate64);
    REFUSE_IF_FULL(file)
    return next(file, length);
}
