using System.Globalization;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>
/// What a container runtime asks of systemd (org.freedesktop.systemd1(5)): the system's as root, over its private socket or the
/// bus; the user's own otherwise. Connects when something is asked.
/// </summary>
internal sealed class SystemdManager : IDisposable
{
    private const string Service = "org.freedesktop.systemd1";
    private const string ObjectPath = "/org/freedesktop/systemd1";
    private const string Interface = "org.freedesktop.systemd1.Manager";

    /// <summary>Milliseconds that a job may take.</summary>
    private const int Patience = 30_000;

    private readonly Func<BusConnection> connect;
    private BusConnection? connection;
    private int? version;

    /// <summary>Uses another connection than the usual one.</summary>
    internal SystemdManager(Func<BusConnection> connect) => this.connect = connect;

    /// <summary>Whether the host was booted by systemd (sd_booted(3)).</summary>
    public static bool IsRunning => FileFacts.KindOf("/run/systemd/system") == FileKind.Directory;

    /// <summary>The system's, or the user's.</summary>
    public static SystemdManager Of(bool isUser) => new(isUser ? ConnectToUser : ConnectToSystem);

    /// <summary>The number of its version, such as 252; 0 when it does not tell.</summary>
    public int Version => version ??= ParseVersion(Property("Version"));

    /// <summary>The group that it manages all units below: <c>/</c> of the system's, such as <c>/user.slice/user-1000.slice/user@1000.service</c> of a user's.</summary>
    public string ControlGroup => Property("ControlGroup");

    /// <summary>Makes and starts a unit and returns when it is there. A failed unit of the name, left from before, is cleared away once.</summary>
    /// <exception cref="TareException">systemd refuses.</exception>
    public void Start(string unit, IReadOnlyList<UnitProperty> properties)
    {
        var bus = Connection;
        Subscribe(bus);
        string job;
        try
        {
            job = Start(bus, unit, properties);
        }
        catch (BusErrorException e) when (e.Name == Service + ".UnitExists")
        {
            TryResetFailed(unit);
            job = Start(bus, unit, properties);
        }
        var result = WaitForJob(bus, job);
        if (result == "done") return;
        TryResetFailed(unit);
        throw TareException.Internal(result is null
            ? $"cannot start the unit {unit}: systemd has not done so within {Patience / 1000} s"
            : $"cannot start the unit {unit}: systemd says \"{result}\"; see journalctl -u {unit}");
    }

    /// <summary>Changes properties of a running unit, until it ends or the machine is restarted.</summary>
    /// <exception cref="TareException">systemd refuses.</exception>
    public void Set(string unit, IReadOnlyList<UnitProperty> properties)
    {
        if (properties.Count == 0) return;
        try
        {
            Connection.Call(Service, ObjectPath, Interface, "SetUnitProperties", "sba(sv)", body =>
            {
                body.String(unit);
                body.UInt32(1);
                body.Properties(properties);
            });
        }
        catch (BusErrorException e)
        {
            throw new TareException(ErrorKind.InvalidArgument, $"unable to set unit properties of {unit}: {e.Message} ({e.Name})", e);
        }
    }

    /// <summary>Stops a unit, returns when it has ended, and clears a failed one away. One that is gone already is left gone.</summary>
    public void Stop(string unit)
    {
        var bus = Connection;
        Subscribe(bus);
        try
        {
            var answer = bus.Call(Service, ObjectPath, Interface, "StopUnit", "ss", body =>
            {
                body.String(unit);
                body.String("replace");
            });
            if (WaitForJob(bus, answer.Body.String()) is null)
                throw TareException.Internal($"cannot remove the unit {unit}: systemd has not stopped it within {Patience / 1000} s");
        }
        catch (BusErrorException)
        {
            // systemd forgets a scope when its last process has ended.
            TryResetFailed(unit);
            return;
        }
        TryResetFailed(unit);
    }

    /// <inheritdoc/>
    public void Dispose() => connection?.Dispose();

    /// <summary>The number in a text such as <c>252.36-1~deb12u1</c> or <c>v245.4-1.fc32</c>.</summary>
    internal static int ParseVersion(string text)
    {
        var digits = text.AsSpan().TrimStart("\"v");
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? digits : digits[..end], CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private BusConnection Connection => connection ??= connect();

    private static BusConnection ConnectToSystem() =>
        BusConnection.TryConnect("/run/systemd/private", isBus: false)
        ?? BusConnection.TryConnect("/run/dbus/system_bus_socket", isBus: true)
        ?? throw TareException.Internal("cannot connect to systemd: neither /run/systemd/private nor /run/dbus/system_bus_socket answers; start dbus, or do without --systemd-cgroup");

    private static BusConnection ConnectToUser()
    {
        var path = BusAddress.OfUser();
        return BusConnection.TryConnect(path, isBus: true)
            ?? throw TareException.Internal($"cannot connect to the message bus of this user: {path} does not answer; log in anew, or install dbus-user-session");
    }

    /// <summary>systemd's answers to a job come as signals, which it sends to those who have asked for them.</summary>
    private static void Subscribe(BusConnection bus)
    {
        if (!bus.IsBus) return;
        bus.AddMatch($"type='signal',sender='{Service}',interface='{Interface}',member='JobRemoved',path='{ObjectPath}'");
        bus.Call(Service, ObjectPath, Interface, "Subscribe", "", null);
    }

    private static string Start(BusConnection bus, string unit, IReadOnlyList<UnitProperty> properties) =>
        bus.Call(Service, ObjectPath, Interface, "StartTransientUnit", "ssa(sv)a(sa(sv))", body =>
        {
            body.String(unit);
            body.String("replace");
            body.Properties(properties);
            body.EndArray(body.BeginArray(8));
        }).Body.String();

    /// <summary>The result of a job: <c>done</c>, <c>failed</c>, <c>canceled</c> …; null when the time is over.</summary>
    private static string? WaitForJob(BusConnection bus, string job)
    {
        var deadline = Environment.TickCount64 + Patience;
        while (bus.NextSignal(deadline) is { } signal)
        {
            if (signal.MemberName != "JobRemoved") continue;
            var body = signal.Body;
            body.UInt32();
            if (body.String() != job) continue;
            body.String();
            return body.String();
        }
        return null;
    }

    private void TryResetFailed(string unit)
    {
        try
        {
            Connection.Call(Service, ObjectPath, Interface, "ResetFailedUnit", "s", body => body.String(unit));
        }
        catch (BusErrorException)
        {
            // It has not failed, or is gone: that is what was wanted.
            return;
        }
    }

    private string Property(string name)
    {
        var body = Connection.Call(Service, ObjectPath, "org.freedesktop.DBus.Properties", "Get", "ss", call =>
        {
            call.String(Interface);
            call.String(name);
        }).Body;
        return body.StringVariant();
    }
}
