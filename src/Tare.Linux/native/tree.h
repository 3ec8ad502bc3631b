/*
 * The copy of a tree that a tmpfs covers (tmpcopyup), a part of launcher.c.
 *
 * The tree is an image's or a volume's, and may be hostile: each name is opened below the descriptor of its directory, no link is
 * followed, what is no file is never opened, and nothing is done again by a path. The copy is made by the container's process, in its
 * control groups: its memory is the container's own, and ends where the tmpfs does.
 */

enum { DEEPEST = 200, DIRENTS = 2048, O_RDONLY_ = 0, O_WRONLY_ = 1, O_CREAT_ = 0x40, O_EXCL_ = 0x80, O_NOCTTY_ = 0x100,
       O_NONBLOCK_ = 0x800, O_CLOEXEC_ = 0x80000 };
#if defined(__x86_64__)
enum { O_DIRECTORY_ = 0x10000, O_NOFOLLOW_ = 0x20000 };
enum { NR_read = 0, NR_close = 3, NR_lseek = 8, NR_ftruncate = 77, NR_fchmod = 91, NR_fchown = 93, NR_fsetxattr = 190,
       NR_fgetxattr = 193, NR_flistxattr = 196, NR_getdents64 = 217, NR_openat = 257, NR_mkdirat = 258, NR_mknodat = 259,
       NR_fchownat = 260, NR_symlinkat = 266, NR_readlinkat = 267 };
#else
enum { O_DIRECTORY_ = 0x4000, O_NOFOLLOW_ = 0x8000 };
enum { NR_read = 63, NR_close = 57, NR_lseek = 62, NR_ftruncate = 46, NR_fchmod = 52, NR_fchown = 55, NR_fsetxattr = 7,
       NR_fgetxattr = 10, NR_flistxattr = 13, NR_getdents64 = 61, NR_openat = 56, NR_mkdirat = 34, NR_mknodat = 33,
       NR_fchownat = 54, NR_symlinkat = 36, NR_readlinkat = 78 };
#endif
enum { E_NXIO = 6, E_LOOP = 40, E_PERM = 1, E_INVAL = 22, E_OPNOTSUPP = 95 };
enum { S_DIRECTORY = 0040000, S_REGULAR = 0100000, S_LINK = 0120000, S_SOCKET = 0140000, S_TYPE = 0170000 };

struct statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, spare;
	u64 ino, size, blocks, attributes_mask, times[8];
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 more[14];
};

struct dirent { u64 ino; s64 offset; u16 length; u8 type; char name[]; };

static u8 copy_buffer[65536], name_buffer[65536];

static long is_error(long result) { return result < 0 && result >= -4095; }

static long look_at(int directory, const char *name, struct statx *status)
{
	return sys(NR_statx, directory, (long)name, 0x1100 /* AT_EMPTY_PATH|AT_SYMLINK_NOFOLLOW */, 0x7ff, (long)status, 0);
}

/* Not the label of SELinux, which the mount has of its own. What the tmpfs cannot keep, or may not, is left out. */
static long copy_attributes(int from, int to)
{
	long length = sys(NR_flistxattr, from, (long)name_buffer, sizeof name_buffer, 0, 0, 0);
	for (long at = 0; at < length;) {
		const char *name = (const char *)name_buffer + at, *label = "security.selinux";
		long size, result, i = 0;
		while (name_buffer[at++]);
		while (label[i] && name[i] == label[i]) i++;
		if (!label[i] && !name[i]) continue;
		size = sys(NR_fgetxattr, from, (long)name, (long)copy_buffer, sizeof copy_buffer, 0, 0);
		if (is_error(size)) continue;
		result = sys(NR_fsetxattr, to, (long)name, (long)copy_buffer, size, 0, 0);
		if (is_error(result) && result != -E_OPNOTSUPP && result != -E_PERM && result != -E_ACCES && result != -E_INVAL) return result;
	}
	return 0;
}

/* Owner first: to change it takes the set-user-ID bit and file capabilities away. */
static long copy_status(int from, int to, const struct statx *status)
{
	long result = sys(NR_fchown, to, status->uid, status->gid, 0, 0, 0);
	if (!is_error(result)) result = sys(NR_fchmod, to, status->mode & 07777, 0, 0, 0, 0);
	return is_error(result) ? result : copy_attributes(from, to);
}

/* Holes stay holes: a file of no size on its disk can be of any length. */
static long copy_content(int from, int to, s64 size)
{
	s64 at = 0;
	while (at < size) {
		s64 end, data = sys(NR_lseek, from, at, 3 /* SEEK_DATA */, 0, 0, 0);
		if (data == -E_NXIO) break;
		if (is_error(data)) data = at, end = size;
		else end = sys(NR_lseek, from, data, 4 /* SEEK_HOLE */, 0, 0, 0);
		if (is_error(end) || end > size) end = size;
		if (is_error(sys(NR_lseek, from, data, 0, 0, 0, 0))) return 0;	/* cannot be, of a regular file */
		sys(NR_lseek, to, data, 0, 0, 0, 0);
		for (at = data; at < end;) {
			s64 wanted = end - at < (s64)sizeof copy_buffer ? end - at : (s64)sizeof copy_buffer, done = 0;
			s64 count = sys(NR_read, from, (long)copy_buffer, wanted, 0, 0, 0);
			if (count == -E_INTR) continue;
			if (is_error(count)) return count;
			if (count == 0) return sys(NR_ftruncate, to, at, 0, 0, 0, 0);	/* it has become shorter meanwhile */
			while (done < count) {
				s64 written = sys(NR_write, to, (long)copy_buffer + done, count - done, 0, 0, 0);
				if (written == -E_INTR) continue;
				if (is_error(written)) return written;
				done += written;
			}
			at += count;
		}
	}
	return sys(NR_ftruncate, to, size, 0, 0, 0, 0);
}

static long copy_file(int from_directory, int to_directory, const char *name)
{
	struct statx status;
	long to, result, from = sys(NR_openat, from_directory, (long)name, O_RDONLY_ | O_NOFOLLOW_ | O_NONBLOCK_ | O_NOCTTY_ | O_CLOEXEC_, 0, 0, 0);
	if (is_error(from)) return from;
	/* Somebody may have put something else there meanwhile. */
	result = look_at((int)from, "", &status);
	if (!is_error(result) && (status.mode & S_TYPE) == S_REGULAR) {
		to = sys(NR_openat, to_directory, (long)name, O_WRONLY_ | O_CREAT_ | O_EXCL_ | O_NOFOLLOW_ | O_CLOEXEC_, 0600, 0, 0);
		result = is_error(to) ? to : copy_content((int)from, (int)to, (s64)status.size);
		if (!is_error(result)) result = copy_status((int)from, (int)to, &status);
		if (!is_error(to)) sys(NR_close, to, 0, 0, 0, 0, 0);
	}
	sys(NR_close, from, 0, 0, 0, 0, 0);
	return is_error(result) ? result : 0;
}

static long copy_link(int from, int to, const char *name)
{
	long length = sys(NR_readlinkat, from, (long)name, (long)copy_buffer, 4095, 0, 0);
	if (is_error(length)) return length;
	copy_buffer[length] = 0;
	return sys(NR_symlinkat, (long)copy_buffer, to, (long)name, 0, 0, 0);
}

static long copy_directory(int from, int to, int depth);

static long copy_below(int from_directory, int to_directory, const char *name, int depth)
{
	const long flags = O_RDONLY_ | O_DIRECTORY_ | O_NOFOLLOW_ | O_CLOEXEC_;
	struct statx status;
	long to, result, from = sys(NR_openat, from_directory, (long)name, flags, 0, 0, 0);
	if (is_error(from)) return from;
	result = sys(NR_mkdirat, to_directory, (long)name, 0700, 0, 0, 0);
	if (!is_error(result)) {
		to = result = sys(NR_openat, to_directory, (long)name, flags, 0, 0, 0);
		if (!is_error(to)) {
			result = copy_directory((int)from, (int)to, depth + 1);
			if (!is_error(result)) result = look_at((int)from, "", &status);
			if (!is_error(result)) result = copy_status((int)from, (int)to, &status);
			sys(NR_close, to, 0, 0, 0, 0, 0);
		}
	}
	sys(NR_close, from, 0, 0, 0, 0, 0);
	return result;
}

static long copy_entry(int from, int to, const char *name, int depth)
{
	struct statx status;
	u64 number;
	long result = look_at(from, name, &status);
	if (result == -E_NOENT) return 0;	/* removed meanwhile */
	if (is_error(result)) return result;
	switch (status.mode & S_TYPE) {
	case S_DIRECTORY: return depth < DEEPEST ? copy_below(from, to, name, depth) : -E_LOOP;
	case S_REGULAR: return copy_file(from, to, name);
	case S_SOCKET: return 0;	/* nobody listens on a copy */
	case S_LINK:
		result = copy_link(from, to, name);
		break;
	default:
		number = (status.rdev_minor & 0xff) | (u64)(status.rdev_major & 0xfff) << 8 | (u64)(status.rdev_minor & ~0xffu) << 12 | (u64)(status.rdev_major & ~0xfffu) << 32;
		result = sys(NR_mknodat, to, (long)name, status.mode, (long)number, 0, 0);
	}
	return is_error(result) ? result : sys(NR_fchownat, to, (long)name, status.uid, status.gid, 0x100 /* AT_SYMLINK_NOFOLLOW */, 0);
}

/* Both are open for reading. */
static long copy_directory(int from, int to, int depth)
{
	u8 entries[DIRENTS] __attribute__((aligned(8)));
	long count;
	while ((count = sys(NR_getdents64, from, (long)entries, sizeof entries, 0, 0, 0)) > 0) {
		for (long at = 0; at < count;) {
			const struct dirent *entry = (const struct dirent *)(entries + at);
			const char *name = entry->name;
			long result;
			at += entry->length;
			if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) continue;
			result = copy_entry(from, to, name, depth);
			if (is_error(result)) return result;
		}
	}
	return count;
}

/* What is in one directory, into another; the two descriptors may be open as paths only. */
static long copy_tree(int from, int to)
{
	const long flags = O_RDONLY_ | O_DIRECTORY_ | O_NOFOLLOW_ | O_CLOEXEC_;
	long source = sys(NR_openat, from, (long)".", flags, 0, 0, 0);
	long target = sys(NR_openat, to, (long)".", flags, 0, 0, 0);
	long result = is_error(source) ? source : is_error(target) ? target : copy_directory((int)source, (int)target, 0);
	if (!is_error(source)) sys(NR_close, source, 0, 0, 0, 0, 0);
	if (!is_error(target)) sys(NR_close, target, 0, 0, 0, 0, 0);
	return result;
}
