/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_calls: a library to preload (LD_PRELOAD) that counts who allocates and who locks, on
 * which thread. Every call of malloc and its kin and of the pthread locks goes through here,
 * is counted by the module it came from, and goes on to the C library.
 *
 * The counts are in the file named by COUNT_CALLS_FILE, mapped shared, so another process reads
 * them while this one runs: one struct thread_counts a thread, in the machine's byte order (see
 * read_path.py). Without that variable nothing is counted. A thread past the last slot ends the
 * process, lest a count be lost silently.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Whose code called: the program itself with its static libraries, libmicrohttpd, or another library. */
enum caller { CALLER_PROGRAM, CALLER_MICROHTTPD, CALLER_OTHER, CALLERS };
enum { MOST_THREADS = 64, MOST_SEGMENTS = 16 };

struct thread_counts {
    char name[16];
    uint64_t allocations[CALLERS];
    uint64_t locks[CALLERS];
};

struct segment {
    uintptr_t from, to;
    enum caller caller;
};

static struct segment segments[MOST_SEGMENTS];
static unsigned n_segments;
static struct thread_counts *table; /* NULL: not counting */
static atomic_uint threads_seen;
static __thread struct thread_counts *mine;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static int segment_note(struct dl_phdr_info *info, size_t size, void *unused)
{
    bool program = info->dlpi_name[0] == '\0' && n_segments == 0;
    bool microhttpd = strstr(info->dlpi_name, "libmicrohttpd") != NULL;
    (void) size;
    (void) unused;

    for (int i = 0; (program || microhttpd) && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || n_segments == MOST_SEGMENTS)
            continue;
        uintptr_t from = info->dlpi_addr + part->p_vaddr;
        segments[n_segments++] = (struct segment){ from, from + part->p_memsz,
                                                   program ? CALLER_PROGRAM : CALLER_MICROHTTPD };
    }
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("COUNT_CALLS_FILE");
    if (!path)
        return;

    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    size_t bytes = MOST_THREADS * sizeof *table;
    if (fd < 0 || ftruncate(fd, (off_t) bytes) != 0)
        abort();
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        abort();
    dl_iterate_phdr(segment_note, NULL);
    table = at;
}

static enum caller caller_at(const void *return_address)
{
    uintptr_t at = (uintptr_t) return_address;

    for (unsigned i = 0; i < n_segments; i++) {
        if (at >= segments[i].from && at < segments[i].to)
            return segments[i].caller;
    }
    return CALLER_OTHER;
}

/* The thread's slot. Its name is noted at each call: threads name themselves after they begin. */
static struct thread_counts *my_counts(void)
{
    if (!mine) {
        unsigned slot = atomic_fetch_add(&threads_seen, 1);
        if (slot >= MOST_THREADS)
            abort();
        mine = &table[slot];
    }
    prctl(PR_GET_NAME, mine->name, 0, 0, 0);
    return mine;
}

static void count_allocation(const void *return_address)
{
    if (table)
        my_counts()->allocations[caller_at(return_address)]++;
}

static void count_lock(const void *return_address)
{
    if (table)
        my_counts()->locks[caller_at(return_address)]++;
}

void *malloc(size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_at, size_t alignment, size_t size)
{
    count_allocation(__builtin_return_address(0));
    *ret_at = __libc_memalign(alignment, size);
    return *ret_at ? 0 : ENOMEM;
}

/* Not left to the C library: its malloc inside would be counted as another library's. */
char *strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    count_allocation(__builtin_return_address(0));
    char *copy = __libc_malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

#define NEXT(name) ((__typeof__(&(name))) dlsym(RTLD_NEXT, #name))

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static __typeof__(&pthread_mutex_lock) next;
    if (!next)
        next = NEXT(pthread_mutex_lock);
    count_lock(__builtin_return_address(0));
    return next(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    static __typeof__(&pthread_mutex_trylock) next;
    if (!next)
        next = NEXT(pthread_mutex_trylock);
    count_lock(__builtin_return_address(0));
    return next(mutex);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    static __typeof__(&pthread_rwlock_rdlock) next;
    if (!next)
        next = NEXT(pthread_rwlock_rdlock);
    count_lock(__builtin_return_address(0));
    return next(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    static __typeof__(&pthread_rwlock_wrlock) next;
    if (!next)
        next = NEXT(pthread_rwlock_wrlock);
    count_lock(__builtin_return_address(0));
    return next(lock);
}
