/*
 * The launcher: runs a launch program and becomes the container process.
 *
 * A launch program is a flat array of system calls, compiled in the daemon (Tare.Runtime, LaunchProgramBuilder) and handed
 * over in a memory file. This file is the machine that runs it, and the only native source of Tare. It has no libc, allocates
 * nothing and looks nothing up; what it must know arrives as descriptors:
 *
 *   0 1 2  stdio      3  the program      4  the status socket (SEQPACKET)      5...  what the program refers to
 *
 * The program is mapped privately, so that steps may patch their own data: relocations turn offsets into pointers, OP_STORE
 * and OP_FORMAT write results of earlier steps into structures of later ones.
 *
 * A program may come in two parts, so that its first steps run while the rest is still being compiled: OP_REST waits for the whole,
 * which begins with the steps that have been run.
 *
 * Every structure here has its twin in LaunchProgramFormat.cs.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

#if defined(__x86_64__)
enum { NR_write = 1, NR_mmap = 9, NR_ioctl = 16, NR_rt_sigaction = 13, NR_rt_sigprocmask = 14, NR_sendmsg = 46, NR_execve = 59,
       NR_exit_group = 231, NR_wait4 = 61, NR_kill = 62, NR_setpgid = 109, NR_prctl = 157, NR_rt_sigtimedwait = 128,
       NR_clone = 56, NR_close_range = 436, NR_clone3 = 435, NR_fstat = 5, NR_openat2 = 437, NR_recvfrom = 45,
       NR_faccessat2 = 439, NR_statx = 332, NR_sched_yield = 24, NR_exit = 60, NR_sched_setscheduler = 144, NR_seccomp = 317,
       NR_recvmsg = 47 };
static inline long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return ret;
}
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall launch\n\thlt\n");

/* clone(2), whose child begins in hand_over() on a stack of its own and never comes back. */
static inline long start_courier(long flags, void *stack)
{
	long ret;
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tcall hand_over\n\thlt\n1:"
	                 : "=a"(ret) : "a"(NR_clone), "D"(flags), "S"(stack), "d"(0), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return ret;
}
static inline void relax(void) { __asm__ volatile("pause"); }
#elif defined(__aarch64__)
enum { NR_write = 64, NR_mmap = 222, NR_ioctl = 29, NR_rt_sigaction = 134, NR_rt_sigprocmask = 135, NR_sendmsg = 211, NR_execve = 221,
       NR_exit_group = 94, NR_wait4 = 260, NR_kill = 129, NR_setpgid = 154, NR_prctl = 167, NR_rt_sigtimedwait = 137,
       NR_clone = 220, NR_close_range = 436, NR_clone3 = 435, NR_fstat = 80, NR_openat2 = 437, NR_recvfrom = 207,
       NR_faccessat2 = 439, NR_statx = 291, NR_sched_yield = 124, NR_exit = 93, NR_sched_setscheduler = 119, NR_seccomp = 277,
       NR_recvmsg = 212 };
static inline long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tbl launch\n\tbrk #1\n");

static inline long start_courier(long flags, void *stack)
{
	register long x8 __asm__("x8") = NR_clone;
	register long x0 __asm__("x0") = flags;
	register long x1 __asm__("x1") = (long)stack;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	__asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x30, #0\n\tbl hand_over\n\tbrk #1\n1:"
	                 : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
static inline void relax(void) { __asm__ volatile("yield"); }
#else
#error "no launcher for this architecture yet"
#endif

enum { PROGRAM_FD = 3, STATUS_FD = 4, AT_FDCWD = -100 };
enum { E_NOENT = 2, E_INTR = 4, E_AGAIN = 11, E_ACCES = 13, E_NOTDIR = 20, E_MFILE = 24, E_PROTO = 71 };
enum { SIG_CHLD = 17, SIG_KILL = 9, SIG_STOP = 19, SIGNALS = 64 };
enum { MAX_SLOTS = 256, MAGIC = 0x4C524154 /* "TARL" */, VERSION = 2 };

enum op { OP_SYSCALL, OP_JUMP, OP_BRANCH, OP_CLONE, OP_EXEC, OP_STORE, OP_FORMAT, OP_RESET_SIGNALS, OP_INIT, OP_FAIL, OP_SEND_FD,
          OP_LOAD, OP_LOOK, OP_SYNC, OP_STATUS, OP_LISTEN, OP_COPY, OP_REST };
enum kind { KIND_IMMEDIATE, KIND_SLOT, KIND_DATA, KIND_SLOT_ADDRESS };
enum record { STARTED = 1, FAILED = 2, DESCRIPTOR = 3, REACHED = 4 };
enum { OPENAT2_RETRIES = 128, FDS_AT_ONCE = 253 /* SCM_MAX_FD of unix(7) */ };

struct header {
	u32 magic;
	u16 version, slots;
	u32 steps, relocations;
	u32 data_offset, data_size;	/* relocations stand between the steps and the data */
	u64 reserved;
};

struct step {
	u8 op, flags;
	u16 nr;		/* the system call's number; OP_STORE, OP_LOAD: bytes; OP_BRANCH: 0 equal, 1 not equal */
	u16 kinds;	/* two bits for each argument */
	u16 result;	/* slot, or 0xffff */
	u16 error1, target1, error2, target2;	/* on this errno (0: none, 0xffff: any) go on at that step */
	u64 args[6];
};

struct relocation { u32 at, to; };	/* both are offsets into the data */

#include "tree.h"

static const struct header *header;
static const struct step *steps;
static u8 *data;
static u64 slots[MAX_SLOTS];
static u32 current;
static int status_fd = STATUS_FD;

/* The compiler may turn loops into calls of these. */
void *memset(void *p, int value, u64 count)
{
	volatile u8 *to = p;
	while (count--) *to++ = (u8)value;
	return p;
}

void *memcpy(void *p, const void *q, u64 count)
{
	volatile u8 *to = p;
	const u8 *from = q;
	while (count--) *to++ = *from++;
	return p;
}

struct iovec { void *base; u64 length; };
struct msghdr { void *name; u32 name_length; struct iovec *iov; u64 iov_length; void *control; u64 control_length; int flags; };
struct record_message { u32 kind, step; s64 value; };

static void send_record(u32 kind, s64 value, int fd)
{
	struct record_message message = { kind, current, value };
	struct iovec iov = { &message, sizeof message };
	struct { u64 length; int level, type; int fd; int padding; } control = { 20, 1 /* SOL_SOCKET */, 1 /* SCM_RIGHTS */, fd, 0 };
	struct msghdr envelope = { 0, 0, &iov, 1, fd >= 0 ? &control : 0, fd >= 0 ? sizeof control : 0, 0 };
	while (sys(NR_sendmsg, status_fd, (long)&envelope, 0x4000 /* MSG_NOSIGNAL */, 0, 0, 0) == -E_INTR);
}

/* A filter may forbid even this: a fault ends the process, and also the first one of a pid namespace. */
static void leave(int code)
{
	sys(NR_exit_group, code, 0, 0, 0, 0, 0);
	for (;;) __builtin_trap();
}

static void fail(int error)
{
	send_record(FAILED, error, -1);
	leave(127);
}

/*
 * Tells that a point is reached, and waits for the word to go on. When nobody is there any more, nothing is to be started:
 * who would have gone on with it is dead.
 */
static void synchronise(u64 point)
{
	struct record_message answer;
	long count;
	send_record(REACHED, (s64)point, -1);
	do count = sys(NR_recvfrom, status_fd, (long)&answer, sizeof answer, 0, 0, 0); while (count == -E_INTR);
	if (count != sizeof answer || answer.kind != REACHED) leave(127);
}

static u64 value_of(const struct step *step, int index)
{
	u64 argument = step->args[index];
	switch (step->kinds >> (2 * index) & 3) {
	case KIND_SLOT: return slots[argument & (MAX_SLOTS - 1)];
	case KIND_DATA: return (u64)(data + argument);
	case KIND_SLOT_ADDRESS: return (u64)&slots[argument & (MAX_SLOTS - 1)];
	default: return argument;
	}
}

/* Number in decimal, then a suffix: "/proc/" cannot be known before, "<pid>/uid_map" is made here. */
static void format(u8 *to, u64 number, const u8 *suffix)
{
	u8 digits[20];
	int count = 0;
	do digits[count++] = '0' + number % 10; while (number /= 10);
	while (count) *to++ = digits[--count];
	while ((*to++ = *suffix++));
}

/*
 * The listener of a seccomp filter is there when the filter is in force, and to send it is a system call that the filter may forbid, or
 * leave to the very one who waits for it. So a thread that was started before, and that no filter is upon, sends it and is gone. Nor may
 * the two wake each other: this thread asks again and again, in the lowest class, and the main one spins. That takes microseconds.
 */
enum { PENDING = 1 << 30, COURIER_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 /* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM */ };

static u8 courier_stack[8192] __attribute__((aligned(16)));
static int listener, listener_kind, handed_over;

__attribute__((used, noreturn)) void hand_over(void)
{
	int priority = 0, fd;
	/* In a real-time class it could wait for ever behind the main one, which spins; the ordinary class always has its share. */
	sys(NR_sched_setscheduler, 0, 0 /* SCHED_OTHER */, (long)&priority, 0, 0, 0);
	while ((fd = __atomic_load_n(&listener, __ATOMIC_ACQUIRE)) == PENDING) sys(NR_sched_yield, 0, 0, 0, 0, 0, 0);
	if (fd >= 0) {
		send_record(DESCRIPTOR, listener_kind, fd);
		sys(NR_close, fd, 0, 0, 0, 0, 0);
	}
	__atomic_store_n(&handed_over, 1, __ATOMIC_RELEASE);
	for (;;) sys(NR_exit, 0, 0, 0, 0, 0, 0);
}

/* Loads a filter, and hands its listener over. Where no further thread may be (pids.max), the filter has to allow the handing over. */
static long listen(u64 flags, u64 filter, int kind)
{
	long result, courier;
	listener = PENDING;
	listener_kind = kind;
	courier = start_courier(COURIER_FLAGS, courier_stack + sizeof courier_stack);
	if (courier < 0 && courier != -E_AGAIN) return courier;
	result = sys(NR_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, (long)flags, (long)filter, 0, 0, 0);
	if (courier > 0) {
		__atomic_store_n(&listener, (int)result, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&handed_over, __ATOMIC_ACQUIRE)) relax();
	} else if (result >= 0) {
		send_record(DESCRIPTOR, kind, (int)result);
		sys(NR_close, result, 0, 0, 0, 0, 0);
	}
	return result < 0 ? result : 0;
}

/* All dispositions to their default and nothing blocked: the runtime of our parent ignores SIGPIPE, and children inherit that. */
static void reset_signals(void)
{
	u64 nothing = 0;
	u64 action[4] = { 0, 0, 0, 0 };
	for (int signal = 1; signal <= SIGNALS; signal++)
		if (signal != SIG_KILL && signal != SIG_STOP) sys(NR_rt_sigaction, signal, (long)action, 0, 8, 0, 0);
	sys(NR_rt_sigprocmask, 2 /* SIG_SETMASK */, (long)&nothing, 0, 8, 0, 0);
}

/*
 * Process 1 of a container with --init: starts the rest of the program as its child, forwards signals, reaps orphans, and
 * ends as the child ends. The child gets a process group of its own, in the foreground of the terminal if there is one, so that
 * a signal from the keyboard reaches it once.
 */
static void run_init(void)
{
	u64 all = ~0ul;
	sys(NR_rt_sigprocmask, 2, (long)&all, 0, 8, 0, 0);
	long child = sys(NR_clone, SIG_CHLD, 0, 0, 0, 0, 0);
	if (child < 0) fail((int)-child);
	if (child == 0) {
		int group;
		sys(NR_setpgid, 0, 0, 0, 0, 0, 0);
		group = 0;
		if (sys(NR_ioctl, 0, 0x540F /* TIOCGPGRP */, (long)&group, 0, 0, 0) == 0) {
#if defined(__x86_64__)
			group = (int)sys(39 /* getpid */, 0, 0, 0, 0, 0, 0);
#else
			group = (int)sys(172 /* getpid */, 0, 0, 0, 0, 0, 0);
#endif
			sys(NR_ioctl, 0, 0x5410 /* TIOCSPGRP */, (long)&group, 0, 0, 0);
		}
		return;
	}
	sys(NR_prctl, 15 /* PR_SET_NAME */, (long)"tare-init", 0, 0, 0, 0);
	sys(NR_close_range, 3, ~0u, 0, 0, 0, 0);
	for (;;) {
		int status;
		long pid;
		while ((pid = sys(NR_wait4, -1, (long)&status, 1 /* WNOHANG */, 0, 0, 0)) > 0)
			if (pid == child) leave((status & 0x7f) ? 128 + (status & 0x7f) : status >> 8 & 0xff);
		long signal = sys(NR_rt_sigtimedwait, (long)&all, 0, 0, 8, 0, 0);
		if (signal > 0 && signal != SIG_CHLD) sys(NR_kill, child, signal, 0, 0, 0, 0);
	}
}

/*
 * Tries each candidate of the search path, as execvp(3) does: one that is not there is passed over, one that may not be
 * executed is remembered. A path that is no candidate of a search fails with its own error. The table is a count, whether it is
 * a search, and that many offsets of paths.
 */
static int execute(const u32 *table, u64 argv, u64 envp)
{
	int denied = 0;
	for (u32 i = 0; i < table[0]; i++) {
		int error = (int)-sys(NR_execve, (long)(data + table[2 + i]), (long)argv, (long)envp, 0, 0, 0);
		if (!table[1]) return error;
		if (error == E_ACCES) denied = 1;
		else if (error != E_NOENT && error != E_NOTDIR) return error;
	}
	return denied ? E_ACCES : E_NOENT;
}

/* Whether execute() would find a file that may be executed, asked before it is wanted: the same search and the same errors. */
static int look(const u32 *table)
{
	int denied = 0;
	for (u32 i = 0; i < table[0]; i++) {
		u64 stat[32];	/* struct statx is 256 bytes; stx_mode is at 28 */
		long path = (long)(data + table[2 + i]);
		int error = (int)-sys(NR_statx, AT_FDCWD, path, 0, 2 /* STATX_MODE */, (long)stat, 0);
		if (error == 0) {
			u16 kind = *(u16 *)((u8 *)stat + 28) & 0170000;
			error = kind == 0040000 ? E_ACCES : (int)-sys(NR_faccessat2, AT_FDCWD, path, 1 /* X_OK */, 0x200 /* AT_EACCESS */, 0, 0);
			if (error == 0) return 0;
		}
		if (!table[1]) return error;
		if (error == E_ACCES) denied = E_ACCES;
		else if (error != E_NOENT && error != E_NOTDIR) return error;
	}
	return denied ? denied : E_NOENT;
}

/* Maps a program. */
static void load(int fd)
{
	u64 stat[32];	/* struct stat is 144 bytes on x86-64, 128 on arm64; st_size is at 48 on both */
	if (sys(NR_fstat, fd, (long)stat, 0, 0, 0, 0) < 0) fail(E_PROTO);
	u64 size = stat[6];
	if (size < sizeof(struct header)) fail(E_PROTO);
	u8 *program = (u8 *)sys(NR_mmap, 0, size, 3 /* READ|WRITE */, 2 /* PRIVATE */, fd, 0);
	if ((u64)program > -4096ul) fail((int)-(s64)program);

	header = (const struct header *)program;
	if (header->magic != MAGIC || header->version != VERSION || header->slots > MAX_SLOTS
	    || (u64)header->data_offset + header->data_size > size
	    || sizeof *header + (u64)header->steps * sizeof(struct step) + (u64)header->relocations * sizeof(struct relocation) > header->data_offset)
		fail(E_PROTO);
	steps = (const struct step *)(header + 1);
	const struct relocation *relocations = (const struct relocation *)(steps + header->steps);
	data = program + header->data_offset;
	for (u32 i = 0; i < header->relocations; i++) *(u64 *)(data + relocations[i].at) = (u64)(data + relocations[i].to);
}

/*
 * Waits for the whole of a program, whose first steps these are. Its descriptors come along, in messages whose value says whether more
 * are to follow; they get the numbers from first on, so that nothing else that was inherited may have one of these. The last one is the
 * program.
 */
static void receive_rest(u64 point, int first)
{
	struct { u64 length; int level, type; int fds[FDS_AT_ONCE + 1]; } control;
	struct record_message answer;
	sys(NR_close_range, first, ~0u, 0, 0, 0, 0);
	send_record(REACHED, (s64)point, -1);
	do {
		struct iovec iov = { &answer, sizeof answer };
		struct msghdr envelope = { 0, 0, &iov, 1, &control, sizeof control, 0 };
		long count;
		do count = sys(NR_recvmsg, status_fd, (long)&envelope, 0, 0, 0, 0); while (count == -E_INTR);
		if (count != sizeof answer || answer.kind != REACHED) leave(127);
		if (envelope.flags & 8 /* MSG_CTRUNC */ || envelope.control_length < 16 + sizeof(int)) fail(E_MFILE);
	} while (answer.value);
	int fd = control.fds[(control.length - 16) / sizeof(int) - 1];
	load(fd);
	sys(NR_close, fd, 0, 0, 0, 0, 0);
}

__attribute__((used)) void launch(void)
{
	load(PROGRAM_FD);
	for (current = 0; current < header->steps;) {
		const struct step *step = &steps[current];
		u64 a[6];
		s64 result = 0;
		u32 next = current + 1;
		for (int i = 0; i < 6; i++) a[i] = value_of(step, i);
		switch (step->op) {
		case OP_SYSCALL:
			/* A walk that must stay below a directory is given up when something is renamed or mounted meanwhile: openat2(2). */
			for (int tries = 0;; tries++) {
				result = sys(step->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
				if (result != -E_INTR && !(result == -E_AGAIN && step->nr == NR_openat2 && tries < OPENAT2_RETRIES)) break;
			}
			break;
		case OP_JUMP:
			next = (u32)a[0];
			break;
		case OP_BRANCH:
			if ((a[0] == a[1]) == (step->nr == 0)) next = (u32)a[2];
			break;
		case OP_CLONE:	/* clone_args, their size, the child's first step */
			result = sys(NR_clone3, a[0], a[1], 0, 0, 0, 0);
			if (result == 0) next = (u32)a[2];
			else if (result > 0) send_record(STARTED, result, -1);
			break;
		case OP_EXEC:
			result = -execute((const u32 *)a[0], a[1], a[2]);
			break;
		case OP_STORE:
			memcpy((u8 *)a[0], &a[1], step->nr);
			break;
		case OP_FORMAT:
			format((u8 *)a[0], a[1], (const u8 *)a[2]);
			break;
		case OP_RESET_SIGNALS:
			reset_signals();
			break;
		case OP_INIT:
			run_init();
			break;
		case OP_FAIL:
			result = -(s64)a[0];
			break;
		case OP_SEND_FD:
			send_record(DESCRIPTOR, (s64)a[1], (int)a[0]);
			break;
		case OP_LOAD:
			memcpy(&result, (const u8 *)a[0], step->nr);
			break;
		case OP_LOOK:
			result = -look((const u32 *)a[0]);
			break;
		case OP_SYNC:
			synchronise(a[0]);
			break;
		case OP_STATUS:
			status_fd = (int)a[0];
			break;
		case OP_LISTEN:
			result = listen(a[0], a[1], (int)a[2]);
			break;
		case OP_COPY:
			result = copy_tree((int)a[0], (int)a[1]);
			break;
		case OP_REST:
			/* The step itself is in the old mapping: nothing of it is looked at any more. */
			receive_rest(a[0], (int)a[1]);
			current = next;
			continue;
		default:
			result = -E_PROTO;
		}
		if (result < 0 && result >= -4095) {
			u16 error = (u16)-result;
			if (step->error1 == error || step->error1 == 0xffff) next = step->target1;
			else if (step->error2 == error || step->error2 == 0xffff) next = step->target2;
			else fail(error);
		}
		if (step->result != 0xffff) slots[step->result & (MAX_SLOTS - 1)] = (u64)result;
		current = next;
	}
	leave(0);
}
