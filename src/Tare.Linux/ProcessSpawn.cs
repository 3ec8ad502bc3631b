using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Linux;

/// <summary>A new process: what it executes and what it gets.</summary>
public sealed class SpawnRequest
{
    /// <summary>The file to execute.</summary>
    public required string Path { get; init; }

    /// <summary>The arguments, the program's name first.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The environment, as <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Whether it gets a session of its own (setsid(2)).</summary>
    public bool NewSession { get; init; }

    /// <summary>One signal that it has blocked; 0: none.</summary>
    public int BlockedSignal { get; init; }
}

/// <summary>
/// posix_spawn(3): the child shares the memory until it executes (vfork), runs on a stack of its own, and never runs managed code.
/// It has every signal at its default, the mask that was asked for, and the given descriptors as 0, 1, 2, …; everything else
/// closes by itself, as every descriptor of the house is close-on-exec.
/// </summary>
public static partial class ProcessSpawn
{
    private const short POSIX_SPAWN_SETSIGDEF = 0x04;
    private const short POSIX_SPAWN_SETSIGMASK = 0x08;
    private const short POSIX_SPAWN_SETSID = 0x80;

    /// <summary>Starts the process and gives its pid, or -1 and the error number.</summary>
    public static int TryStart(SpawnRequest request, ReadOnlySpan<Fd> descriptors, out int error)
    {
        var arguments = new CStrings(request.Arguments);
        var environment = new CStrings(request.Environment);
        try
        {
            return TryStart(request.Path, arguments, environment, descriptors, request.NewSession, request.BlockedSignal, out error);
        }
        finally
        {
            arguments.Dispose();
            environment.Dispose();
        }
    }

    /// <summary>As the other, with strings that were made before: nothing is allocated but by the C library.</summary>
    public static unsafe int TryStart(string path, CStrings arguments, CStrings environment, ReadOnlySpan<Fd> descriptors, bool newSession, int blockedSignal, out int error)
    {
        // A source that is also a target would be overwritten before its turn: such a one is lifted above them all, by the child itself:
        // in a process with threads, a table of descriptors that grows waits for an RCU grace period.
        Span<int> sources = stackalloc int[descriptors.Length];
        var free = Math.Max(descriptors.Length, NumberIn(path) + 1);
        for (var i = 0; i < descriptors.Length; i++)
        {
            sources[i] = descriptors[i].Number;
            free = Math.Max(free, sources[i] + 1);
        }
        var actions = stackalloc byte[80]; // posix_spawn_file_actions_t: 80 bytes in glibc and musl on 64-bit machines
        var attributes = stackalloc byte[336]; // posix_spawnattr_t: 336 bytes
        var set = stackalloc byte[SignalMasks.SetSize];
        int pid;
        Check(posix_spawn_file_actions_init(actions));
        try
        {
            Check(posix_spawnattr_init(attributes));
            var lifted = free;
            for (var i = 0; i < sources.Length; i++)
            {
                if (sources[i] >= sources.Length || sources[i] == i) continue;
                Check(posix_spawn_file_actions_adddup2(actions, sources[i], lifted));
                sources[i] = lifted++;
            }
            for (var i = 0; i < sources.Length; i++) Check(posix_spawn_file_actions_adddup2(actions, sources[i], i));
            // What dup2(2) makes is not close-on-exec.
            for (var number = free; number < lifted; number++) Check(posix_spawn_file_actions_addclose(actions, number));
            var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? POSIX_SPAWN_SETSID : 0);
            Check(posix_spawnattr_setflags(attributes, (short)flags));
            new Span<byte>(set, SignalMasks.SetSize).Fill(0xff);
            Check(posix_spawnattr_setsigdefault(attributes, set));
            SignalMasks.Write(new Span<byte>(set, SignalMasks.SetSize), blockedSignal);
            Check(posix_spawnattr_setsigmask(attributes, set));
            error = posix_spawn(out pid, path, actions, attributes, arguments.Pointer, environment.Pointer);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
        }
        GC.KeepAlive(arguments);
        GC.KeepAlive(environment);
        return error == 0 ? pid : -1;
    }

    /// <summary>The descriptor that a path such as <c>/proc/self/fd/7</c> names: the child needs it until it executes. -1 for other paths.</summary>
    private static int NumberIn(string path)
    {
        const string own = "/proc/self/fd/";
        return path.StartsWith(own, StringComparison.Ordinal) && int.TryParse(path.AsSpan(own.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : -1;
    }

    private static void Check(int error)
    {
        if (error != 0) throw new LinuxException("prepare a new process", error);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn(out int pid, string path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int source, int target);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_addclose(byte* actions, int number);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);
}

/// <summary>A null-terminated array of C strings, as execve(2) takes it, outside the collector's reach.</summary>
public sealed unsafe class CStrings : IDisposable
{
    private byte** pointer;

    /// <summary>Copies the strings.</summary>
    public CStrings(IReadOnlyList<string> strings)
    {
        var table = (nuint)((strings.Count + 1) * sizeof(byte*));
        var total = table;
        foreach (var text in strings) total += (nuint)Encoding.UTF8.GetByteCount(text) + 1;
        pointer = (byte**)NativeMemory.Alloc(total);
        var next = (byte*)pointer + table;
        var end = (byte*)pointer + total;
        for (var i = 0; i < strings.Count; i++)
        {
            pointer[i] = next;
            var length = Encoding.UTF8.GetBytes(strings[i], new Span<byte>(next, (int)(end - next)));
            next[length] = 0;
            next += length + 1;
        }
        pointer[strings.Count] = null;
    }

    /// <summary>Frees the copy when nobody disposed it.</summary>
    ~CStrings() => Free();

    internal byte** Pointer => pointer;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(pointer);
        pointer = null;
    }
}
