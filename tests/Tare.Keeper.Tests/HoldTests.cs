using System.Net;
using System.Net.Sockets;
using System.Text;
using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;
using static Tare.Keeper.Tests.HoldSupport;

namespace Tare.Keeper.Tests;

/// <summary>Descriptors that the keeper holds for daemons that come and go.</summary>
public sealed class HoldTests
{
    [Fact]
    public async Task What_is_held_is_listed_in_its_order_replaced_and_released()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var before = KeeperFixture.OpenFiles(keeper.Client.KeeperPid);
        using var sockets = new Sockets(600);
        Fd[] shuffled = [.. sockets.All.Reverse(), sockets.All[7], sockets.All[7]];
        await keeper.Client.HoldAsync("dns/a", shuffled, CancellationToken.None);
        await keeper.Client.HoldAsync("ports/ä", sockets.All[..3], CancellationToken.None);
        await ExpectAsync(keeper, ("dns/a", shuffled), ("ports/ä", sockets.All[..3]));
        await UntilOpenAsync(keeper, before.Length + 605);
        await keeper.Client.HoldAsync("dns/a", sockets.All[5..6], CancellationToken.None);
        await ExpectAsync(keeper, ("dns/a", sockets.All[5..6]), ("ports/ä", sockets.All[..3]));
        await UntilOpenAsync(keeper, before.Length + 4);
        await keeper.Client.ReleaseAsync("dns/a", CancellationToken.None);
        await keeper.Client.ReleaseAsync("dns/a", CancellationToken.None);
        await keeper.Client.ReleaseAsync("nothing", CancellationToken.None);
        await ExpectAsync(keeper, ("ports/ä", sockets.All[..3]));
        await keeper.Client.HoldAsync("ports/ä", [], CancellationToken.None);
        await ExpectAsync(keeper);
        await UntilOpenAsync(keeper, before.Length);
        Assert.Equal(before, KeeperFixture.OpenFiles(keeper.Client.KeeperPid));
        Assert.All(sockets.All, fd => Assert.False(fd.IsClosed));
    }

    [Fact]
    public async Task Holds_and_releases_of_one_caller_are_carried_out_in_their_order()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(300);
        var asked = new List<Task>();
        for (var i = 1; i <= 40; i++)
        {
            asked.Add(keeper.Client.HoldAsync("filter", sockets.All[..(i * 7)], CancellationToken.None));
            if (i % 5 == 0) asked.Add(keeper.Client.ReleaseAsync("filter", CancellationToken.None));
        }
        asked.Add(keeper.Client.HoldAsync("filter", sockets.All, CancellationToken.None));
        await Task.WhenAll(asked).WaitAsync(Patience);
        await ExpectAsync(keeper, ("filter", sockets.All));
    }

    [Fact]
    public async Task Names_and_numbers_beyond_the_limits_are_refused()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(1);
        foreach (var name in new[] { "", new string('n', 256), new string('ü', 128) })
        {
            Assert.Equal(ErrorKind.InvalidArgument, (await Assert.ThrowsAsync<TareException>(() => keeper.Client.HoldAsync(name, sockets.All, CancellationToken.None))).Kind);
            Assert.Equal(ErrorKind.InvalidArgument, (await Assert.ThrowsAsync<TareException>(() => keeper.Client.ReleaseAsync(name, CancellationToken.None))).Kind);
            using var raw = new RawDaemon(keeper);
            Assert.Equal(PacketType.Refused, raw.Hold(name, 1, 0, sockets.All));
        }
        var many = Enumerable.Repeat(sockets.All[0], 65_537).ToArray();
        Assert.Equal(ErrorKind.InvalidArgument, (await Assert.ThrowsAsync<TareException>(() => keeper.Client.HoldAsync("many", many, CancellationToken.None))).Kind);
        using (var raw = new RawDaemon(keeper))
        {
            Assert.Equal(PacketType.Refused, raw.Hold("n", 65_537, 0, sockets.All));
            Assert.Equal(PacketType.Refused, raw.Hold("n", 2, 1, sockets.All));
            Assert.Equal(PacketType.Refused, raw.Hold("n", 1, 0, []));
            Assert.Equal(PacketType.Refused, raw.Hold("n", 1, 0, [sockets.All[0], sockets.All[0]]));
        }
        await ExpectAsync(keeper);
        var longest = new string('n', 255);
        await keeper.Client.HoldAsync(longest, sockets.All, CancellationToken.None);
        await ExpectAsync(keeper, (longest, sockets.All));
    }

    [Fact]
    public async Task More_than_the_keeper_can_open_is_refused_and_leaves_the_old_list()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(2);
        await keeper.Client.HoldAsync("n", sockets.All, CancellationToken.None);
        var limit = ProcessImage.RaiseFileLimit() / 4 * 3;
        if (limit >= 65_536) return; // one name alone cannot reach it
        using var raw = new RawDaemon(keeper);
        Assert.Equal(PacketType.Refused, raw.Hold("n", (int)limit - 1, 0, sockets.All));
        Assert.Equal(PacketType.Done, raw.Hold("n", (int)limit - 2, 0, sockets.All));
        await ExpectAsync(keeper, ("n", sockets.All));
    }

    [Fact]
    public async Task A_daemon_that_dies_in_the_midst_of_a_list_leaves_the_old_one()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(250);
        await keeper.Client.HoldAsync("dns/a", sockets.All[..10], CancellationToken.None);
        var before = KeeperFixture.OpenFiles(keeper.Client.KeeperPid).Length;
        using (var raw = new RawDaemon(keeper))
        {
            Assert.Equal(PacketType.Done, raw.Hold("dns/a", 400, 0, sockets.All));
            await UntilOpenAsync(keeper, before + 251);
            await ExpectAsync(keeper, ("dns/a", sockets.All[..10]));
        }
        await UntilOpenAsync(keeper, before);
        await ExpectAsync(keeper, ("dns/a", sockets.All[..10]));
        // The rest, of a daemon that came too late, continues nothing.
        using (var raw = new RawDaemon(keeper)) Assert.Equal(PacketType.Refused, raw.Hold("dns/a", 400, 250, sockets.All[..150]));
        await ExpectAsync(keeper, ("dns/a", sockets.All[..10]));
    }

    [Fact]
    public async Task Sockets_go_on_without_a_daemon_and_through_upgrades()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var process = await keeper.LaunchAsync("stays", TestProgram.Shell("exec sleep 100"), OutputTarget.Discard);
        IPEndPoint listening, receiving;
        using (var listener = Bound(SocketType.Stream, new IPEndPoint(IPAddress.Loopback, 0)))
        using (var receiver = Bound(SocketType.Dgram, new IPEndPoint(IPAddress.Loopback, 0)))
        using (var one = FdOf(listener))
        using (var two = FdOf(receiver))
        {
            listener.Listen();
            listening = (IPEndPoint)listener.LocalEndPoint!;
            receiving = (IPEndPoint)receiver.LocalEndPoint!;
            await keeper.Client.HoldAsync("ports/a", [one, two], CancellationToken.None);
        }
        for (var i = 0; i < 3; i++)
        {
            await keeper.Client.UpgradeAsync(null, CancellationToken.None);
            // Nobody but the keeper has them now.
            await keeper.Client.DisposeAsync();
            foreach (var (type, at) in new[] { (SocketType.Stream, listening), (SocketType.Dgram, receiving) })
                Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => Bound(type, at).Dispose()).SocketErrorCode);
            using (var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Unspecified)) sender.SendTo(Encoding.UTF8.GetBytes($"sent {i}"), receiving);
            await keeper.ConnectAsync();
        }
        await keeper.Client.UpgradeAsync(null, CancellationToken.None);
        await keeper.Client.DisposeAsync();
        await keeper.ConnectAsync();
        using (var holding = Assert.Single(await keeper.Client.HoldingsAsync(CancellationToken.None)))
        {
            Assert.Equal(2, holding.Descriptors.Count);
            using var receiver = new Socket(new SafeSocketHandle(holding.Descriptors[1].Duplicate().Release(), ownsHandle: true));
            var data = new byte[100];
            for (var i = 0; i < 3; i++) Assert.Equal($"sent {i}", Encoding.UTF8.GetString(data, 0, receiver.Receive(data)));
            Assert.Equal(0, receiver.Available);
        }
        await keeper.Client.ReleaseAsync("ports/a", CancellationToken.None);
        Bound(SocketType.Stream, listening).Dispose();
        Bound(SocketType.Dgram, receiving).Dispose();
    }

    [Fact]
    public async Task The_next_keeper_gets_what_a_killed_one_held()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(700);
        await keeper.Client.HoldAsync("dns/a", sockets.All, CancellationToken.None);
        await keeper.Client.HoldAsync("filter", sockets.All[..1], CancellationToken.None);
        await keeper.Client.HoldAsync("gone", sockets.All[..2], CancellationToken.None);
        await keeper.Client.ReleaseAsync("gone", CancellationToken.None);
        await KillAsync(keeper);
        await ExpectAsync(keeper, ("dns/a", sockets.All), ("filter", sockets.All[..1]));

        // A daemon gives also what a daemon before it had had held.
        using var process = await keeper.LaunchAsync("stays", TestProgram.Shell("exec sleep 100"), OutputTarget.Discard);
        await keeper.Client.DisposeAsync();
        await keeper.ConnectAsync();
        await KillAsync(keeper);
        await ExpectAsync(keeper, ("dns/a", sockets.All), ("filter", sockets.All[..1]));
    }

    [Fact]
    public async Task Upgrades_and_deaths_in_the_midst_of_a_list_leave_a_whole_one()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(100);
        var one = Enumerable.Range(0, 3000).Select(i => sockets.All[i * 37 % 100]).ToArray();
        var other = Enumerable.Range(0, 2500).Select(i => sockets.All[i * 41 % 100]).ToArray();
        await keeper.Client.HoldAsync("dns/a", one, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var rounds = 1;
        var holding = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await keeper.Client.HoldAsync("dns/a", rounds % 2 == 0 ? one : other, CancellationToken.None);
                rounds++;
            }
        });
        for (var i = 0; i < 8; i++)
        {
            if (i % 4 == 3) await KillAsync(keeper);
            else await keeper.Client.UpgradeAsync(null, CancellationToken.None).WaitAsync(Patience);
            var whole = await HeldAsync(keeper);
            Assert.True(whole["dns/a"].SequenceEqual(Identities(one)) || whole["dns/a"].SequenceEqual(Identities(other)), $"half a list is held: {whole["dns/a"].Length}");
        }
        await stop.CancelAsync();
        await holding.WaitAsync(Patience);
        await ExpectAsync(keeper, ("dns/a", rounds % 2 == 1 ? one : other));
    }

    [Fact]
    public async Task Who_does_not_wait_any_more_has_the_whole_list_held()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var sockets = new Sockets(100);
        var list = Enumerable.Range(0, 3000).Select(i => sockets.All[i % 100]).ToArray();
        using var cancelled = new CancellationTokenSource();
        var hold = keeper.Client.HoldAsync("dns/a", list, cancelled.Token);
        await cancelled.CancelAsync();
        try
        {
            await hold;
        }
        catch (OperationCanceledException)
        {
            // As a rule; it may also have been quicker.
        }
        await keeper.Client.ReleaseAsync("nothing", CancellationToken.None); // after it
        await ExpectAsync(keeper, ("dns/a", list));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeper.Client.HoldAsync("dns/b", list, cancelled.Token));
    }

    [Fact]
    public async Task Descriptors_alone_do_not_keep_a_keeper()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        IPEndPoint address;
        using (var listener = Bound(SocketType.Stream, new IPEndPoint(IPAddress.Loopback, 0)))
        using (var fd = FdOf(listener))
        {
            address = (IPEndPoint)listener.LocalEndPoint!;
            await keeper.Client.HoldAsync("ports/a", [fd], CancellationToken.None);
        }
        using var process = PidFds.Open(keeper.Client.KeeperPid);
        await keeper.Client.DisposeAsync();
        await keeper.Poller.WaitReadableAsync(process, new CancellationTokenSource(Patience).Token);
        Assert.Empty(Directory.GetFileSystemEntries(keeper.ExecRoot));
        Bound(SocketType.Stream, address).Dispose();
        await keeper.ConnectAsync();
        await ExpectAsync(keeper);
    }

    /// <summary>What the keeper itself holds is what is expected, in order, and so is what the client says.</summary>
    private static async Task ExpectAsync(KeeperFixture keeper, params (string Name, Fd[] List)[] expected)
    {
        foreach (var held in new[] { await HeldAsync(keeper), Describe(await keeper.Client.HoldingsAsync(CancellationToken.None)) })
        {
            Assert.Equal(expected.Select(entry => entry.Name).Order(StringComparer.Ordinal), held.Keys.Order(StringComparer.Ordinal));
            foreach (var (name, list) in expected) Assert.Equal(Identities(list), held[name]);
        }
    }

    /// <summary>What the keeper tells another daemon.</summary>
    private static async Task<Dictionary<string, string[]>> HeldAsync(KeeperFixture keeper)
    {
        await using var other = await KeeperClient.ConnectAsync(keeper.ClientOptions(), CancellationToken.None);
        return Describe(await other.HoldingsAsync(CancellationToken.None));
    }

    private static Dictionary<string, string[]> Describe(IReadOnlyList<Holding> holdings)
    {
        var held = holdings.ToDictionary(holding => holding.Name, holding => Identities(holding.Descriptors));
        foreach (var holding in holdings) holding.Dispose();
        return held;
    }

    private static Socket Bound(SocketType type, IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, type, ProtocolType.Unspecified);
        try
        {
            socket.Bind(address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A daemon that sends what the client would not.</summary>
    private sealed class RawDaemon(KeeperFixture keeper) : IDisposable
    {
        private readonly Fd socket = SeqPacketSocket.TryConnect(KeeperHost.SocketPath(keeper.ExecRoot), out _)!;

        public PacketType Hold(string name, int total, int first, Fd[] descriptors)
        {
            var packet = new byte[Packet.MaxSize];
            Packet.WriteHeader(packet, PacketType.Hold, 1);
            var writer = new FieldWriter(packet.AsSpan(Packet.HeaderSize));
            writer.Text(Field.Name, name);
            writer.Number(Field.Total, total);
            writer.Number(Field.First, first);
            Assert.True(SeqPacketSocket.Send(socket, packet.AsSpan(0, Packet.HeaderSize + writer.Length), descriptors, wait: true));
            var received = new List<Fd>();
            var length = SeqPacketSocket.Receive(socket, packet, received, wait: true);
            Assert.Empty(received);
            return Packet.ReadHeader(packet.AsSpan(0, length)).Type;
        }

        public void Dispose() => socket.Dispose();
    }
}
