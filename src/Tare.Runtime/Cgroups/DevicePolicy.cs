using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>A device, or all of a kind: -1 stands for every number.</summary>
internal readonly record struct DeviceKey(char Type, long Major, long Minor);

/// <summary>
/// What a list of device rules means: everything is denied but some, or allowed but some. The same for both versions, and the same
/// as runc's: a rule of type <c>a</c> starts anew; a later rule about the same devices adds to or takes from an earlier one.
/// </summary>
internal sealed class DevicePolicy
{
    /// <summary>More than any exception's text.</summary>
    public const int LongestText = 64;

    private const DeviceAccess All = DeviceAccess.MakeNode | DeviceAccess.Read | DeviceAccess.Write;

    private readonly List<(DeviceKey Key, DeviceAccess Access)> exceptions = [];

    /// <summary>Whether a device that no exception names may be used.</summary>
    public bool AllowsByDefault { get; private set; }

    /// <summary>What is allowed although the rest is denied, or denied although the rest is allowed.</summary>
    public IReadOnlyList<(DeviceKey Key, DeviceAccess Access)> Exceptions => exceptions;

    /// <summary>The meaning of rules.</summary>
    /// <exception cref="TareException">A rule makes no sense, or takes away part of what an earlier rule gave for all devices of a kind.</exception>
    public static DevicePolicy Of(IReadOnlyList<LinuxDeviceCgroup> rules)
    {
        var policy = new DevicePolicy();
        foreach (var rule in rules) policy.Add(rule);
        return policy;
    }

    /// <summary>The meaning of a <c>devices.list</c>. Where everything is allowed, the kernel does not list what is not.</summary>
    public static DevicePolicy OfList(ReadOnlySpan<byte> list)
    {
        var policy = new DevicePolicy();
        while (ControlText.NextLine(ref list, out var line))
        {
            var words = ControlText.Words(line);
            if (words is not [{ Length: 1 } type, var numbers, var access]) continue;
            var colon = numbers.IndexOf(':', StringComparison.Ordinal);
            policy.Add(true, type[0], Number(numbers[..colon]), Number(numbers[(colon + 1)..]), BitsOf(access));
        }
        return policy;
    }

    /// <summary>The rules of a v2 program: the last one that matches decides.</summary>
    public IReadOnlyList<DeviceRule> ToProgram()
    {
        var rules = new List<DeviceRule>(exceptions.Count + 1);
        if (AllowsByDefault) rules.Add(new DeviceRule(true, DeviceKind.Any, null, null, All));
        foreach (var (key, access) in exceptions)
        {
            rules.Add(new DeviceRule(
                !AllowsByDefault,
                key.Type == 'b' ? DeviceKind.Block : DeviceKind.Character,
                key.Major < 0 ? null : (uint)key.Major,
                key.Minor < 0 ? null : (uint)key.Minor,
                access));
        }
        return rules;
    }

    /// <summary>An exception as <c>devices.allow</c> and <c>devices.deny</c> read it: <c>c 1:3 rwm</c>.</summary>
    public static string Format(DeviceKey key, DeviceAccess access)
    {
        Span<byte> text = stackalloc byte[LongestText];
        return Encoding.ASCII.GetString(text[..Format(key, access, text)]);
    }

    /// <summary>As <see cref="Format(DeviceKey, DeviceAccess)"/>, without making strings: every container has a dozen of them.</summary>
    /// <returns>The length; at most <see cref="LongestText"/>.</returns>
    public static int Format(DeviceKey key, DeviceAccess access, Span<byte> text)
    {
        text[0] = (byte)key.Type;
        text[1] = (byte)' ';
        var length = 2 + Format(key.Major, text[2..]);
        text[length++] = (byte)':';
        length += Format(key.Minor, text[length..]);
        text[length++] = (byte)' ';
        if ((access & DeviceAccess.Read) != 0) text[length++] = (byte)'r';
        if ((access & DeviceAccess.Write) != 0) text[length++] = (byte)'w';
        if ((access & DeviceAccess.MakeNode) != 0) text[length++] = (byte)'m';
        return length;
    }

    /// <summary>What is said of exactly these devices.</summary>
    public DeviceAccess AccessOf(DeviceKey key)
    {
        foreach (var exception in exceptions)
        {
            if (Same(exception.Key, key)) return exception.Access;
        }
        return 0;
    }

    private static int Format(long number, Span<byte> text)
    {
        if (number >= 0) return Utf8Formatter.TryFormat(number, text, out var length) ? length : 0;
        text[0] = (byte)'*';
        return 1;
    }

    private static long Number(string text) => text == "*" ? -1 : long.Parse(text, CultureInfo.InvariantCulture);

    private static DeviceAccess BitsOf(string? access)
    {
        if (string.IsNullOrEmpty(access)) return All;
        DeviceAccess bits = 0;
        foreach (var letter in access)
        {
            bits |= letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.MakeNode,
                _ => throw TareException.Invalid($"unknown access {letter} in a device rule; use letters of rwm"),
            };
        }
        return bits;
    }

    private void Add(LinuxDeviceCgroup rule)
    {
        var type = rule.Type switch
        {
            null or "" or "a" => 'a',
            "b" => 'b',
            "c" or "u" => 'c',
            _ => throw TareException.Invalid($"unknown type of device {rule.Type} in a device rule; use a, b or c"),
        };
        Add(rule.Allow, type, rule.Major is >= 0 ? rule.Major.Value : -1, rule.Minor is >= 0 ? rule.Minor.Value : -1, BitsOf(rule.Access));
    }

    private void Add(bool allow, char type, long major, long minor, DeviceAccess access)
    {
        if (major > uint.MaxValue || minor > uint.MaxValue) throw TareException.Invalid($"the device {major}:{minor} in a device rule is no device: numbers have 32 bits");
        if (type == 'a')
        {
            AllowsByDefault = allow;
            exceptions.Clear();
            return;
        }
        var key = new DeviceKey(type, major, minor);
        if (allow != AllowsByDefault) Change(key, AccessOf(key) | access);
        else TakeBack(key, access);
    }

    /// <summary>
    /// v1 ignores without a word that part of an exception for many devices is taken back, and so the rules would mean another thing
    /// than they say.
    /// </summary>
    private void TakeBack(DeviceKey key, DeviceAccess access)
    {
        foreach (var (wider, given) in exceptions)
        {
            var covers = !Same(wider, key) && wider.Type == key.Type && (wider.Major == key.Major || wider.Major < 0) && (wider.Minor == key.Minor || wider.Minor < 0);
            if (covers && (given & access) != 0)
                throw TareException.Invalid($"the device rule {Format(key, access)} takes back part of {Format(wider, given)}, which control groups cannot do: name the devices one by one");
        }
        Change(key, AccessOf(key) & ~access);
    }

    private static bool Same(DeviceKey one, DeviceKey other) => one.Type == other.Type && one.Major == other.Major && one.Minor == other.Minor;

    private void Change(DeviceKey key, DeviceAccess access)
    {
        var at = exceptions.Count - 1;
        while (at >= 0 && !Same(exceptions[at].Key, key)) at--;
        if (at < 0 && access != 0) exceptions.Add((key, access));
        else if (at >= 0 && access != 0) exceptions[at] = (key, access);
        else if (at >= 0) exceptions.RemoveAt(at);
    }
}
