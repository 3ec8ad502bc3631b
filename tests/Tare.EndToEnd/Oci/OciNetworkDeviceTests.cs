using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>
/// Network devices that move into a container (config-linux.md, "Network Devices"). The runtime runs in a network namespace of the case's own,
/// whose devices end with it.
/// </summary>
public sealed class OciNetworkDeviceTests(OciFixture oci) : OciTests(oci)
{
    private const string NotRunc = "runc has network devices from 1.4 on, sets them down before it reads their addresses, and knows no templates of names; crun says otherwise what is wrong";

    /// <summary>Two pairs of devices.</summary>
    private const string Devices = """
        ip link set lo up
        ip link add v0 type veth peer name v1
        ip link add w0 type veth peer name w1
        ip link set v0 mtu 1400 address 02:00:00:00:00:07
        ip link set v0 up
        ip link set v1 up
        ip addr add 10.9.8.7/24 broadcast 10.9.8.255 dev v0
        ip addr add 10.9.8.9/32 scope link dev v0
        ip addr add 10.9.8.8/24 valid_lft 1000 preferred_lft 1000 dev v0
        ip -6 addr add fd00::7/64 nodad dev v0 2>/dev/null
        """;

    [OciFact(Only = OciKinds.Tare, Because = NotRunc)]
    public async Task A_device_moves_with_its_permanent_global_addresses_and_is_up()
    {
        if (Setup.Find("ip") is null)
            return;
        OciBundle box = Bundle().Set("linux.netDevices", Parse("""{"v0":{"name":"eth0"},"w0":{}}"""))
            .Sh("ip -o link | grep -v 'lo:' | cut -d ' ' -f 2 | cut -d @ -f 1 | sort; cat /sys/class/net/eth0/mtu /sys/class/net/eth0/address; ip link show eth0 | grep -c '[<,]UP[,>]'; ip -o addr show eth0 | grep -o 'inet6* [0-9a-f:./]*' | grep -v fe80");
        List<string> lines = [.. (await RunAmongDevices(box, "")).Ok().Lines];
        // Where IPv6 is off there is no such address.
        lines.Remove("inet6 fd00::7/64");
        Assert.Equal(["eth0", "w0", "1400", "02:00:00:00:00:07", "1", "inet 10.9.8.7/24"], lines);
    }

    [OciFact(Only = OciKinds.Tare, Because = NotRunc)]
    public async Task A_template_takes_the_first_name_that_is_free()
    {
        if (Setup.Find("ip") is null)
            return;
        OciBundle box = Bundle().Set("linux.netDevices", Parse("""{"v0":{"name":"net%d"},"w0":{"name":"net%d"}}""")).Sh("ls /sys/class/net");
        Assert.Equal("lo\nnet0\nnet1", (await RunAmongDevices(box, "")).Ok().Text);
    }

    [OciTheory(Only = OciKinds.Tare, Because = NotRunc)]
    [InlineData("""{"v0":{},"nosuch":{}}""", "there is none of this name")]
    [InlineData("""{"v0":{"name":"lo"}}""", "v0 cannot be lo in the container")]
    [InlineData("""{"v0":{"name":"a"},"w0":{"name":"a"}}""", "cannot be a in the container")]
    [InlineData("""{"lo":{"name":"x"}}""", "move the network device lo into the container: invalid argument")]
    public async Task What_cannot_be_moved_is_refused_and_nothing_moves(string devices, string words)
    {
        if (Setup.Find("ip") is null)
            return;
        OciBundle box = Bundle("true").Set("linux.netDevices", Parse(devices));
        Result result = await RunAmongDevices(box, "; code=$?; ip -o link | cut -d ' ' -f 2 | cut -d @ -f 1; exit $code");
        Refused(result, 1, words);
        Assert.Contains("v0", result.Lines);
        await Gone(box.Id);
    }

    [OciFact(Only = OciKinds.Tare, Because = NotRunc)]
    public async Task It_is_there_before_the_hooks_and_the_kernel_parameters()
    {
        if (Setup.Find("ip") is null)
            return;
        OciBundle box = Bundle("cat", "/proc/sys/net/ipv4/conf/eth0/forwarding").Set("linux.netDevices", Parse("""{"v0":{"name":"eth0"}}"""))
            .Set("linux.sysctl", Parse("""{"net/ipv4/conf/eth0/forwarding":"1"}"""));
        string seen = Path.Combine(box.Folder, "seen");
        box.Hook("createContainer", $"grep -c eth0: /proc/net/dev > {seen}");
        Assert.Equal("1", (await RunAmongDevices(box, "")).Ok().Text);
        Assert.Equal("1\n", await File.ReadAllTextAsync(seen));
    }

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    /// <summary>Runs a container to its end in a network namespace with <see cref="Devices"/>.</summary>
    private Task<Result> RunAmongDevices(OciBundle box, string after)
    {
        box.Save();
        string[] shell = ["-n", "sh", "-c", $"{Devices}\n\"$@\"{after}", "sh", OciRuntime.Program, .. OciRuntime.Words, "--root", Fixture.Root, "run", "--bundle", box.Folder, box.Id];
        return Running.RunAsync("unshare", shell);
    }
}
