/* Loaded before the C library: counts the calls that write or sync files, and lets one of them fail
 * or end the process. BUS_FAULT is `what:first:count`: kill, space (ENOSPC), write or sync (EIO). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls, syncs;

static int fails(int is_sync) {
    static char what[16];
    static long first = -1, count;
    if (first < 0) {
        const char *fault = getenv("BUS_FAULT");
        first = 0;
        if (fault) sscanf(fault, "%15[a-z]:%ld:%ld", what, &first, &count);
    }
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (is_sync) atomic_fetch_add(&syncs, 1);
    if (!strcmp(what, "sync")) call = is_sync ? atomic_load(&syncs) : -1;
    if (call < first || call >= first + count || first == 0) return 0;
    if (!strcmp(what, "kill")) raise(SIGKILL);
    if (!strcmp(what, "space") && !is_sync) return ENOSPC;
    if (!strcmp(what, "write") && !is_sync) return EIO;
    if (!strcmp(what, "sync") && is_sync) return EIO;
    return 0;
}

#define FAIL(fd, is_sync) \
    do { \
        int error = (fd) > 2 ? fails(is_sync) : 0; \
        if (error) { errno = error; return -1; } \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    FAIL(fd, 0);
    return real(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite");
    FAIL(fd, 0);
    return real(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    FAIL(fd, 0);
    return real(fd, bytes, length, at);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    FAIL(fd, 1);
    return real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    FAIL(fd, 1);
    return real(fd);
}
