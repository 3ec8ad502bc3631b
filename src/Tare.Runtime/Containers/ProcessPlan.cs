using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>What a process gets that its specification leaves to the runtime.</summary>
internal static class ProcessPlan
{
    private const int FirstPassed = 3;

    /// <summary>The process with what this kernel can give it.</summary>
    /// <param name="process">The process.</param>
    /// <param name="inUserNamespace">Whether it is in a user namespace that is not the runtime's.</param>
    /// <param name="openUsers">Opens the container's table of users.</param>
    /// <param name="warn">Hears what it does not get.</param>
    public static ProcessSpec Complete(ProcessSpec process, bool inUserNamespace, Func<Fd?> openUsers, Action<string> warn)
    {
        process = process with { Env = HomeDirectory.AddTo(process.Env ?? [], process.User.Uid, openUsers) };
        if (process.Capabilities is { } wanted) process = process with { Capabilities = KnownOf(wanted, inUserNamespace ? Capabilities.InUserNamespace : Capabilities.Bounding, warn) };
        if (PassedSockets > 0) process = process with { Env = [.. process.Env ?? [], $"LISTEN_FDS={PassedSockets}", "LISTEN_PID=1"] };
        return process;
    }

    /// <summary>
    /// The runtime's own descriptors from 3 on, those of socket activation (sd_listen_fds(3)) first; null for a number that is not open.
    /// Podman says how far to count when single ones are to be passed, and counts sockets among the others too, so that beside those
    /// fewer may be there than are asked for.
    /// </summary>
    /// <exception cref="TareException">Not so many were passed to the runtime.</exception>
    public static IReadOnlyList<int?> Preserve(int count, DescriptorList descriptors)
    {
        var numbers = new List<int?>();
        var (sockets, end) = (FirstPassed + PassedSockets, FirstPassed + PassedSockets + count);
        for (var number = FirstPassed; number < end; number++)
        {
            // What this process has opened itself is close-on-exec.
            if (Descriptors.IsInherited(number)) numbers.Add(descriptors.Add(Descriptors.Duplicate(number)));
            else if (number < sockets || (PassedSockets == 0 && number == end - 1)) throw TareException.Invalid($"file descriptor {number} was not passed to the runtime: lower --preserve-fds, or open it before");
            else numbers.Add(null);
        }
        return numbers;
    }

    private static int PassedSockets => int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static LinuxCapabilities KnownOf(LinuxCapabilities wanted, ulong available, Action<string> warn)
    {
        var unknown = new List<string>();
        var known = new LinuxCapabilities
        {
            Bounding = Filter(wanted.Bounding),
            Effective = Filter(wanted.Effective),
            Inheritable = Filter(wanted.Inheritable),
            Permitted = Filter(wanted.Permitted),
            Ambient = Filter(wanted.Ambient),
        };
        if (unknown.Count > 0) warn($"ignoring unknown or unavailable capabilities: [{string.Join(' ', unknown)}]");
        return known;

        List<string> Filter(IReadOnlyList<string>? names)
        {
            var result = new List<string>();
            foreach (var name in names ?? [])
            {
                var number = Capabilities.NumberOf(name);
                if (number >= 0 && number <= Capabilities.Last && (available >> number & 1) == 1) result.Add(name);
                else if (!unknown.Contains(name)) unknown.Add(name);
            }
            return result;
        }
    }
}
