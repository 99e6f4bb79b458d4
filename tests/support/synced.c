/* Loaded into a process by LD_PRELOAD: writes down which files it has brought to the disk, so that
 * a loss of power can be played afterwards. SYNCED_NOTES names the file that is appended to: for
 * each fsync or fdatasync that succeeds, the inode and the times of the last changes before, of its
 * bytes and of itself (a name that it gets is one).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct note {
    uint64_t inode;
    int64_t changed_ns;
    int64_t renamed_ns;
};

static int notes = -1;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("SYNCED_NOTES");
    if (path)
        notes = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int64_t nanoseconds(struct timespec at)
{
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static int noted(int file, int (*sync)(int))
{
    struct stat before;
    int is_known = !fstat(file, &before);
    int failed = sync(file);
    if (!failed && is_known && notes >= 0) {
        int kept = errno;
        struct note note = {before.st_ino, nanoseconds(before.st_mtim), nanoseconds(before.st_ctim)};
        if (write(notes, &note, sizeof note) < 0)
            abort();
        errno = kept;
    }
    return failed;
}

int fsync(int file)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return noted(file, next);
}

int fdatasync(int file)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return noted(file, next);
}
