using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>Where the user's message bus is (D-Bus Specification, "Server Addresses").</summary>
internal static class BusAddress
{
    /// <summary>Whether there is a user's bus.</summary>
    public static bool HasUser => Environment.GetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS") is { Length: > 0 }
        || (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && FileFacts.KindOf(runtime + "/bus") != FileKind.Missing);

    /// <summary>The socket of the user's bus: <c>DBUS_SESSION_BUS_ADDRESS</c>, or <c>XDG_RUNTIME_DIR/bus</c>.</summary>
    /// <exception cref="TareException">There is none.</exception>
    public static string OfUser()
    {
        if (Environment.GetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS") is { Length: > 0 } address) return PathOf(address);
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && FileFacts.KindOf(runtime + "/bus") != FileKind.Missing) return runtime + "/bus";
        throw TareException.Invalid("there is no message bus of this user, which --systemd-cgroup needs: set DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR; the package dbus-user-session makes one at login");
    }

    /// <summary>The path in a list of addresses with semicolons, such as <c>unix:path=/run/user/1000/bus,guid=…</c>.</summary>
    /// <exception cref="TareException">None is a socket with a path.</exception>
    public static string PathOf(string addresses)
    {
        foreach (var address in addresses.Split(';'))
        {
            if (!address.StartsWith("unix:", StringComparison.Ordinal)) continue;
            foreach (var pair in address[5..].Split(','))
            {
                if (pair.StartsWith("path=", StringComparison.Ordinal)) return Unescape(pair[5..]);
            }
        }
        throw TareException.Invalid($"the address of the message bus {addresses} is no unix socket with a path: set DBUS_SESSION_BUS_ADDRESS to unix:path=…");
    }

    private static string Unescape(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal)) return text;
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, 1));
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
