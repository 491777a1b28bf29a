/* A program with probes as the macros of <sys/sdt.h> make them: `note` is of the instruction before it. Their arguments are in registers, in
   memory and constants; `twice` is at two places with its argument elsewhere; `guarded` runs while its semaphore is counted up. */
#define NOTE(name, semaphore, arguments)                                                                               \
    "990: nop\n"                                                                                                       \
    ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n.4byte 992f-991f, 994f-993f, 3\n"                            \
    "991: .asciz \"stapsdt\"\n992: .balign 4\n993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte " semaphore "\n"         \
    ".asciz \"demo\"\n.asciz \"" name "\"\n.asciz \"" arguments "\"\n994: .balign 4\n.popsection\n"

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
        ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n");

unsigned short guarded_semaphore __attribute__((section(".probes"), used));
static unsigned int counters[2] __attribute__((used)) = {1234567890, 987654321};

static struct values {
    signed char small;
    unsigned char byte;
    short half;
    unsigned short word;
    int number;
    long large;
    char text[8];
} values = {-7, 200, -30000, 60000, -70000, -5000000000, "hello"};

static void once(void) {
    register long eighth __asm__("r8") = 0x123456789abcdef0;
    /* All of a register but the low bytes is noise. */
    __asm__ volatile(NOTE("registers", "0", "-4@%%eax 8@%%r8 -1@%%bl 2@%%cx 1@%%dh -8@%%rsi")
                     :
                     : "a"(0xdeadbeeffffffffb), "b"(0x11111111111111f0), "c"(0x222222222222ea60), "d"(0x3333333333337f33),
                       "S"(-6000000000), "r"(eighth));
    __asm__ volatile(NOTE("memory", "0", "-1@(%%rax) 1@1(%%rax) -2@2(%%rax) 2@-4(%%rbx) -4@8(%%rax) -8@0x10(%%rax) 4@counters(%%rip) "
                                    "4@counters+4(%%rip) 1@-8(%%rax,%%rcx,4) 8@%%rdx")
                     :
                     : "a"(&values), "b"((char *)&values + 8), "c"(8L), "d"(values.text));
    __asm__ volatile(NOTE("constants", "0", "-4@$-9 1@$255 8@$18446744073709551615 -1@$-1 4@$4294967295 8f@%%xmm0") : : "a"(0));
    __asm__ volatile(NOTE("floats", "0", "4@%%eax 8f@%%xmm0 4@%%eax 4@%%eax 4@%%eax 4@%%eax 4@%%eax") : : "a"(0));
    __asm__ volatile(NOTE("plain", "0", "") : : "a"(0));
    __asm__ volatile(NOTE("twice", "0", "-4@%%eax") : : "a"(11));
    __asm__ volatile(NOTE("twice", "0", "-4@%%ebx") : : "b"(22));
    if (*(volatile unsigned short *)&guarded_semaphore) __asm__ volatile(NOTE("guarded", "guarded_semaphore", "2@guarded_semaphore(%%rip)") : : "a"(0));
}

int main(void) {
    once();
    return 0;
}
