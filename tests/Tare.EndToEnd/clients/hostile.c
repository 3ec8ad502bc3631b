/*
 * What a hostile container would do, and what tests of protections need beside it. Compiled by the tests, without any library at run
 * time, so that it runs in a container too.
 *
 *   swap DIR A B        exchanges two names for ever
 *   look SECONDS        tries to get at processes of the runtime that are in the same pid namespace
 *   exe PID FILE        gets hold of the program that a process executes, and writes to it as soon as FILE is there
 *   agent SOCKET        answers the notifications of seccomp filters: the calls are made; tells their numbers
 *   fds                 lists the descriptors that it has
 *   uid                 tells its effective user
 *   notify TEXT         sends a message to NOTIFY_SOCKET, as sd_notify(3) does
 *   call NAME           makes one system call; the exit code is its errno
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int swap(const char *folder, const char *a, const char *b)
{
	int directory = open(folder, O_PATH | O_DIRECTORY);
	if (directory < 0) return 1;
	printf("swapping\n");
	fflush(stdout);
	for (;;) syscall(SYS_renameat2, directory, a, directory, b, 2 /* RENAME_EXCHANGE */);
}

static int is_launcher(const char *pid)
{
	char path[300], line[64] = "";
	snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	int file = open(path, O_RDONLY);
	if (file < 0) return 0;
	long count = read(file, line, sizeof line - 1);
	close(file);
	return count > 0 && strstr(line, "tare-launcher") != 0;
}

static void tell(const char *pid, const char *what)
{
	/* Meanwhile it may have become the program that it starts, which is the container's own. */
	if (is_launcher(pid)) printf("GOT %s\n", what), fflush(stdout);
}

static void try_one(const char *pid)
{
	static const char *const links[] = { "exe", "root", "cwd", "fd/0", "fd/1", "fd/3", "fd/4", "fd/5" }, *const files[] = { "mem", "environ", "maps" };
	char path[300], target[64];
	for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", pid, links[i]);
		if (readlink(path, target, sizeof target) > 0) tell(pid, links[i]);
	}
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", pid, files[i]);
		int file = open(path, O_RDONLY);
		if (file < 0) continue;
		tell(pid, files[i]);
		close(file);
	}
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0) {
		tell(pid, "ptrace");
		ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
	}
}

static int look(int seconds)
{
	time_t end = time(0) + seconds;
	long seen = 0;
	printf("looking\n");
	fflush(stdout);
	while (time(0) <= end) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		if (!proc) return 1;
		while ((entry = readdir(proc)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_launcher(entry->d_name)) seen++, try_one(entry->d_name);
		closedir(proc);
	}
	printf("SEEN %ld\n", seen);
	return 0;
}

static int exe(const char *pid, const char *flag)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	int held = open(path, O_RDONLY);
	if (held < 0) return printf("refused %d\n", errno), 0;
	printf("held\n");
	fflush(stdout);
	snprintf(path, sizeof path, "/proc/self/fd/%d", held);
	for (int i = 0; i < 3000 && access(flag, F_OK); i++) usleep(10000);
	for (int i = 0; i < 100; i++) {
		int file = open(path, O_WRONLY);
		if (file >= 0 && write(file, "#!/evil", 7) > 0) return printf("WROTE\n"), 0;
		if (file >= 0) close(file);
		if (truncate(path, 0) == 0) return printf("CUT\n"), 0;
		usleep(10000);
	}
	printf("failed\n");
	return 0;
}

static void answer(int listener)
{
	for (;;) {
		struct seccomp_notif request;
		struct seccomp_notif_resp response;
		memset(&request, 0, sizeof request);
		memset(&response, 0, sizeof response);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
			if (errno == EINTR) continue;
			break;
		}
		printf("notified %d\n", request.data.nr);
		fflush(stdout);
		response.id = request.id;
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
	_exit(0);
}

static int agent(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 8)) return 1;
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		char data[65536], control[CMSG_SPACE(sizeof(int))];
		struct iovec part = { data, sizeof data };
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		int connection = accept(server, 0, 0);
		if (connection < 0) return 1;
		if (recvmsg(connection, &message, 0) > 0 && CMSG_FIRSTHDR(&message)) {
			int listener;
			memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
			if (fork() == 0) answer(listener);
			close(listener);
		}
		close(connection);
		while (waitpid(-1, 0, WNOHANG) > 0);
	}
}

static int fds(void)
{
	for (int i = 0; i < 1024; i++)
		if (fcntl(i, F_GETFD) >= 0) printf("%d ", i);
	printf("\n");
	return 0;
}

static int call(const char *name)
{
	struct msghdr nothing = { 0 };
	errno = 0;
	if (!strcmp(name, "sendmsg")) sendmsg(-1, &nothing, 0);
	else if (!strcmp(name, "mkdir")) mkdir("/tmp/made", 0700);
	else return 99;
	return errno;
}

static int notify(const char *text)
{
	struct sockaddr_un address = { AF_UNIX, "" };
	int socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
	strncpy(address.sun_path, getenv("NOTIFY_SOCKET") ? getenv("NOTIFY_SOCKET") : "", sizeof address.sun_path - 1);
	if (sendto(socket_, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address) < 0) return errno;
	return 0;
}

int main(int count, char **words)
{
	if (count == 5 && !strcmp(words[1], "swap")) return swap(words[2], words[3], words[4]);
	if (count == 3 && !strcmp(words[1], "look")) return look(atoi(words[2]));
	if (count == 4 && !strcmp(words[1], "exe")) return exe(words[2], words[3]);
	if (count == 3 && !strcmp(words[1], "agent")) return agent(words[2]);
	if (count == 2 && !strcmp(words[1], "fds")) return fds();
	if (count == 2 && !strcmp(words[1], "uid")) return printf("%d\n", (int)geteuid()), 0;
	if (count == 3 && !strcmp(words[1], "notify")) return notify(words[2]);
	if (count == 3 && !strcmp(words[1], "call")) return call(words[2]);
	return 98;
}
