/* Calls the functions of a module as `main` of semantics.ks calls those that they consist of. */
#include MODULE

static const s64 values[] = { 0, 1, -1, 2, 7, -7, 33, 255, 65535, 2147483647, -2147483648ll, 9223372036854775807ll };

int main(void)
{
	for (u32 i = 0; i < 12; i++) {
		s64 a = values[i];

		for (u32 j = 0; j < 12; j++) {
			s64 b = values[j];
			s32 a4 = (s32)a, b4 = (s32)b;

			printf("div32 %d %d %d %d\n", a4, b4, m_div32(a4, b4), m_rem32(a4, b4));
			printf("div64 %lld %lld %lld\n", m_div64(a, b), m_rem64(a, b), m_shift_signed(a, b));
			printf("unsigned %u %llu\n", m_udiv32((u32)a, (u32)b), m_udiv64((u64)a, (u64)b));
			printf("shift %u %u %u\n", (u32)a, (u32)b, m_shift((u32)a, (u32)b));
			printf("wrap %d %lld %d\n", m_wrap(a4, b4), m_wrap64(a, b), m_mixed(a, b));
		}
		printf("one %lld %u %lld %lld\n", m_narrow(a), m_swapped(a), m_looped(a), m_caught(a));
		printf("bits %lld\n", m_bits(a));
		printf("more %u %lld %lld\n", m_text(a), m_points(a), m_pointers(a));
	}
	return module_start();
}
