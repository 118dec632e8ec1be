/* Loaded before the C library: counts the calls that write or sync files, lets some of them fail or
 * end the process, gives a folder a quota, and keeps what a power cut would leave.
 *
 * BUS_FAULT is `what:first:count`: `kill` ends the process before the call, `tear` in the middle of
 * it; `space` is ENOSPC, `write` and `sync` are EIO.
 * BUS_QUOTA is `bytes:folder`: the files of the folder have so many bytes at most.
 * BUS_SYNCED, if set, keeps of each file `FILE.synced`, as it was when it was synced last. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static atomic_long calls, syncs;

static ssize_t put(int fd, const void *bytes, size_t length, off64_t at) {
    REAL(ssize_t, write, int, const void *, size_t);
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    return at < 0 ? real_write(fd, bytes, length) : real_pwrite64(fd, bytes, length, at);
}

/* The error of this call; 0 if it is done. `kill` and `tear` do not return. */
static int fault(int is_sync, int fd, const void *bytes, size_t length, off64_t at) {
    const char *setting = getenv("BUS_FAULT");
    char what[16] = "";
    long first = 0, count = 0, call = atomic_fetch_add(&calls, 1) + 1;
    long sync = atomic_fetch_add(&syncs, is_sync) + is_sync;
    if (!setting || sscanf(setting, "%15[a-z]:%ld:%ld", what, &first, &count) != 3) return 0;
    if (!strcmp(what, "sync")) call = is_sync ? sync : -1;
    if (call < first || call >= first + count) return 0;
    if (!strcmp(what, "tear") && !is_sync) put(fd, bytes, length / 2, at);
    if (!strcmp(what, "kill") || !strcmp(what, "tear")) raise(SIGKILL);
    if (!strcmp(what, "space") && !is_sync) return ENOSPC;
    if (!strcmp(what, "write") && !is_sync) return EIO;
    if (!strcmp(what, "sync") && is_sync) return EIO;
    return 0;
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* The bytes of all files of a folder. */
static long long used(const char *folder) {
    long long bytes = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        struct stat file;
        if (!fstatat(dirfd(entries), entry->d_name, &file, 0) && S_ISREG(file.st_mode)) bytes += file.st_size;
    }
    if (entries) closedir(entries);
    return bytes;
}

/* How many bytes of a write the quota has space for. */
static size_t space(int fd, size_t length, off64_t at) {
    const char *setting = getenv("BUS_QUOTA");
    char path[4096], folder[4096];
    long long quota;
    struct stat file;
    if (!setting || sscanf(setting, "%lld:%4095[^\n]", &quota, folder) != 2 || fstat(fd, &file)) return length;
    if (!path_of(fd, path, sizeof path) || strncmp(path, folder, strlen(folder))) return length;
    if (at < 0) at = lseek(fd, 0, SEEK_CUR);
    long long growth = at + (long long)length - file.st_size;
    long long free = quota - used(folder);
    if (growth <= 0 || growth <= free) return length;
    long long fits = (long long)length - growth + (free > 0 ? free : 0);
    return fits > 0 ? fits : 0;
}

static ssize_t checked(int fd, const void *bytes, size_t length, off64_t at) {
    if (fd <= 2) return put(fd, bytes, length, at);
    int error = fault(0, fd, bytes, length, at);
    size_t fits = error ? 0 : space(fd, length, at);
    if (fits < length && fits == 0) {
        errno = error ? error : ENOSPC;
        return -1;
    }
    return put(fd, bytes, fits, at);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    return checked(fd, bytes, length, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return checked(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    return checked(fd, bytes, length, at);
}

/* Copies a file that was synced. */
static void keep(int fd) {
    char path[4096], copy[4200], bytes[8192];
    struct stat file;
    if (!getenv("BUS_SYNCED") || fstat(fd, &file) || !S_ISREG(file.st_mode)) return;
    if (!path_of(fd, path, sizeof path)) return;
    snprintf(copy, sizeof copy, "%s.synced", path);
    FILE *out = fopen(copy, "w");
    if (!out) abort();
    ssize_t length;
    for (off64_t at = 0; (length = pread64(fd, bytes, sizeof bytes, at)) > 0; at += length) {
        fwrite(bytes, 1, length, out);
    }
    fclose(out);
}

static int synced(int fd, int is_data) {
    REAL(int, fsync, int);
    REAL(int, fdatasync, int);
    int error = fault(1, fd, NULL, 0, 0);
    if (error) {
        errno = error;
        return -1;
    }
    int done = is_data ? real_fdatasync(fd) : real_fsync(fd);
    if (!done) keep(fd);
    return done;
}

int fsync(int fd) {
    return synced(fd, 0);
}

int fdatasync(int fd) {
    return synced(fd, 1);
}
