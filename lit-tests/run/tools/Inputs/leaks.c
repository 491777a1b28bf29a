// Allocates when a signal tells it to; what it does not free is known. It prints a line when it waits, and one after each time.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *kept[64];
static int at;

__attribute__((noinline)) void leak_small(void) { for (int i = 0; i < 5; i++) kept[at++] = malloc(100); }
__attribute__((noinline)) void leak_cleared(void) { for (int i = 0; i < 3; i++) kept[at++] = calloc(7, 1000); }
__attribute__((noinline)) void leak_large(void) { kept[at++] = malloc(1 << 20); }
__attribute__((noinline)) void leak_moved(void) { kept[at] = malloc(10); kept[at] = realloc(kept[at], 50000); at++; }
__attribute__((noinline)) void leak_aligned(void) { if (posix_memalign(&kept[at++], 64, 640)) _exit(1); }
__attribute__((noinline)) void leak_nothing(void) {
    for (int i = 0; i < 20; i++) free(malloc(33 * i));
    free(malloc(1 << 22));
    void *pages = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages, 4096);
    if (realloc(malloc(20), (size_t)1 << 62)) _exit(1);
}

static void say(const char *line) {
    if (write(1, line, strlen(line)) < 0) _exit(1);
}

int main(void) {
    int signal;
    sigset_t go;
    sigemptyset(&go);
    sigaddset(&go, SIGUSR1);
    sigprocmask(SIG_BLOCK, &go, 0);
    say("ready\n");
    for (;;) {
        sigwait(&go, &signal);
        leak_small();
        leak_cleared();
        leak_large();
        leak_moved();
        leak_aligned();
        leak_nothing();
        say("done\n");
    }
}
