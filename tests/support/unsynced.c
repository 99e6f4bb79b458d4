/* Loaded into a process by LD_PRELOAD: writes down what the process has had synced to disk.
 *
 * The file that UNSYNCED_LOG names gets a line for each fsync and fdatasync that succeeded: device,
 * inode, and the nanosecond at which it was asked for. What was written by then survives when the
 * power goes; see unsynced.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int notes = -1;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("UNSYNCED_LOG");
    if (path)
        notes = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int noting(int file, int (*sync)(int))
{
    struct timespec asked_at;
    struct stat status;
    char line[96];
    clock_gettime(CLOCK_REALTIME, &asked_at);
    int result = sync(file);
    if (notes >= 0 && result == 0 && fstat(file, &status) == 0) {
        long long ns = asked_at.tv_sec * 1000000000LL + asked_at.tv_nsec;
        int length = snprintf(line, sizeof line, "%llu %llu %lld\n",
            (unsigned long long)status.st_dev, (unsigned long long)status.st_ino, ns);
        if (write(notes, line, length) != length)
            abort();
    }
    return result;
}

int fsync(int file)
{
    return noting(file, (int (*)(int))dlsym(RTLD_NEXT, "fsync"));
}

int fdatasync(int file)
{
    return noting(file, (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"));
}
