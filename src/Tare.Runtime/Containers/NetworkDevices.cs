using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>
/// Moves network devices of the runtime's network namespace into a container's (config-linux.md, "Network Devices"): with the name that
/// they are to have there and the permanent global addresses that they had, and up. They are never moved back: with the last process
/// the kernel ends the namespace, a virtual device with it, and a physical one goes to the first namespace.
/// </summary>
internal static class NetworkDevices
{
    private const string Template = "%d";

    /// <summary>Moves them all. What can be seen to be impossible is refused before the first is moved.</summary>
    /// <param name="devices">The devices by their names in the runtime's namespace.</param>
    /// <param name="network">The container's namespace.</param>
    /// <exception cref="TareException">A device is not there, its name is taken, or the kernel refuses.</exception>
    public static void Move(IReadOnlyDictionary<string, LinuxNetDevice> devices, Fd network)
    {
        using var ours = RouteNetlink.Open();
        using var theirs = RouteNetlink.OpenIn(network);
        var plan = new List<(LinkId Link, string NewName)>(devices.Count);
        foreach (var (name, device) in devices)
        {
            var link = ours.Find(name)?.Id ?? throw TareException.Invalid($"linux.netDevices has the device {name}, but there is none of this name in the runtime's network namespace: name one of those that \"ip link\" shows");
            plan.Add((link, NewName(name, device, theirs, plan)));
        }
        foreach (var (link, newName) in plan) Move(ours, theirs, network, link, newName);
    }

    private static string NewName(string name, LinuxNetDevice device, RouteNetlink theirs, List<(LinkId Link, string NewName)> plan)
    {
        var wanted = string.IsNullOrEmpty(device.Name) ? name : device.Name;
        if (!wanted.Contains(Template, StringComparison.Ordinal))
        {
            return IsFree(wanted)
                ? wanted
                : throw TareException.Invalid($"linux.netDevices: the device {name} cannot be {wanted} in the container: there is one of that name already; give it another name, or one such as eth%d, of which the first that is free is taken");
        }
        // The first number that is free, as the kernel chooses it; which one it is has to be known, to find the device again.
        for (var number = 0; ; number++)
        {
            var candidate = wanted.Replace(Template, number.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
            if (IsFree(candidate)) return candidate;
        }

        bool IsFree(string candidate) => theirs.Find(candidate) is null && !plan.Exists(other => other.NewName == candidate);
    }

    private static void Move(RouteNetlink ours, RouteNetlink theirs, Fd network, LinkId link, string newName)
    {
        var name = link.Name;
        // It loses them on the way.
        var addresses = ours.Addresses(link.Index);
        Execute(ours, new LinkChange(link) { Network = network, Name = newName }, $"move the network device {name} into the container");
        var moved = theirs.Find(newName)?.Id ?? throw TareException.Internal($"the network device {name} is not in the container's network namespace, into which it was moved as {newName}");
        foreach (var address in addresses)
        {
            if (address.IsPermanent && address.IsGlobal) Execute(theirs, new AddressRequest(moved, address), $"give the network device {newName} in the container the address that it had as {name}");
        }
        Execute(theirs, new LinkChange(moved) { Up = true }, $"set the network device {newName} in the container up");
    }

    private static void Execute(RouteNetlink netlink, RouteCommand command, string operation) => netlink.TryExecute(command)[0].Check(operation);
}
