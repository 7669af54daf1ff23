/* A disk that keeps only what was synced: preloaded into a program by scripts/torture, which cuts the power.
 *
 * POWER_CUT_DISK names a folder outside the one that is tried. Whenever the program syncs a file, its bytes are
 * copied there; whenever it syncs a folder, the names in it are. A file or folder is known by its inode and its
 * time of birth, as inodes are used again. scripts/torture makes of these what a machine would find after a cut.
 * Nothing is really synced, which also makes it fast.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *disk(void) { return getenv("POWER_CUT_DISK"); }

/* The name that a file has on the disk; 0 where it cannot be told. */
static int identity(int folder, const char *name, char *out, size_t room) {
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME | STATX_TYPE, &found) != 0) return 0;
    char kind = S_ISDIR(found.stx_mode) ? 'd' : S_ISREG(found.stx_mode) ? 'f' : 'o';
    snprintf(out, room, "%c%llu-%lld.%u", kind, (unsigned long long)found.stx_ino,
             (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    return kind;
}

/* Puts what is complete in place of what was there before, in one step. */
static void keep(const char *partial, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", disk(), name);
    if (rename(partial, path) != 0) abort();
}

static FILE *begin(char *partial, size_t room) {
    snprintf(partial, room, "%s/.%d-XXXXXX", disk(), (int)getpid());
    int file = mkstemp(partial);
    FILE *stream = file < 0 ? NULL : fdopen(file, "w");
    if (stream == NULL) abort();
    return stream;
}

static void keep_file(int fd, const char *name) {
    char path[64], partial[4096], block[1 << 16];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) abort();
    FILE *to = begin(partial, sizeof partial);
    ssize_t count;
    while ((count = read(from, block, sizeof block)) > 0)
        if (fwrite(block, 1, (size_t)count, to) != (size_t)count) abort();
    close(from);
    if (count < 0 || fclose(to) != 0) abort();
    keep(partial, name);
}

static void keep_folder(int fd, const char *name) {
    char partial[4096], inside[128];
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = again < 0 ? NULL : fdopendir(again);
    if (folder == NULL) abort();
    FILE *to = begin(partial, sizeof partial);
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        /* What goes away meanwhile is not there. */
        if (identity(fd, entry->d_name, inside, sizeof inside))
            fprintf(to, "%s %s%c", inside, entry->d_name, '\0');
    }
    closedir(folder);
    if (fclose(to) != 0) abort();
    keep(partial, name);
}

static int synced(int fd) {
    char name[128];
    if (disk() == NULL) return 0;
    int kind = identity(fd, "", name, sizeof name);
    int error = errno;
    if (kind == 'f') keep_file(fd, name);
    if (kind == 'd') keep_folder(fd, name);
    if (kind == 0) {
        errno = error;
        return -1;
    }
    return 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }
