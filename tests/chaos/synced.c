/* Loaded into a process by LD_PRELOAD: writes down which files it has brought to the disk, so that
 * a loss of power can be played afterwards. CHAOS_SYNCED names the file that is appended to: for
 * each fsync or fdatasync that succeeds, the file's inode and the time of its last change before.
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
};

static int notes = -1;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("CHAOS_SYNCED");
    if (path)
        notes = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int noted(int file, int (*sync)(int))
{
    struct stat before;
    int is_known = !fstat(file, &before);
    int failed = sync(file);
    if (!failed && is_known && notes >= 0) {
        int kept = errno;
        struct note note = {
            before.st_ino, before.st_mtim.tv_sec * 1000000000LL + before.st_mtim.tv_nsec};
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
