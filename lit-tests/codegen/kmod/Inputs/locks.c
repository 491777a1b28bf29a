/* Calls the functions of locks.ks on each of their paths. */
#include MODULE

int main(void)
{
	printf("ended %llu", ends(0));
	printf(" %llu\n", ends(1));
	printf("broken %llu\n", breaks(6));
	printf("continued %llu\n", continues(6) + 2 * (breaks(9) == 0));
	printf("thrown %llu", throws(3));
	printf(" %llu", throws(200));
	printf(" %llu\n", throws(2));
	printf("deferred %llu", defers(1));
	printf(" %llu\n", ends(0));
	printf("both %llu", resets(5));
	printf(" %llu\n", ends(0));
	printf("held %d %d\n", ks_guard.held, ks_slow.held);
	return module_start();
}
