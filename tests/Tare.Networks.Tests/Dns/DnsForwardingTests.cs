using System.Net;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;
using static Tare.Networks.Tests.Dns.DnsMessages;

namespace Tare.Networks.Tests.Dns;

/// <summary>Questions that others answer: which servers are asked, from where, and what of their answers comes back.</summary>
public sealed class DnsForwardingTests
{
    private static readonly DnsServerOptions Impatient = new() { UpstreamTimeout = TimeSpan.FromMilliseconds(150) };
    private static readonly byte[] Elsewhere = Query("Else.Where", DnsRecordType.A, id: 0xABCD);
    private static readonly IPAddress Known = IPAddress.Parse("192.0.2.7");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answers_come_back_as_they_are_but_for_the_id(bool host)
    {
        await using var dns = new DnsFixture();
        await using var upstream = dns.Upstream(host, (message, _) => [Answer(message, DnsResponseCode.NoError, Known)]);
        dns.Forward(new DnsUpstream(upstream.Address, host));
        var expected = Answer(Elsewhere, DnsResponseCode.NoError, Known);
        for (var i = 0; i < 20; i++) Assert.Equal(expected, await dns.AskAsync(Elsewhere));
        Assert.Equal(expected, await dns.AskByStreamAsync(Elsewhere));
        var asked = upstream.Datagrams.ToArray();
        Assert.All(asked, question => Assert.Equal(Elsewhere[2..], question.Message[2..]));
        // 20 random ids of 16 bits, and ports that the kernel chooses: as good as all are different.
        Assert.InRange(asked.Select(question => (question.Message[0] << 8) | question.Message[1]).Distinct().Count(), 17, 20);
        Assert.InRange(asked.Select(question => question.Sender.Port).Distinct().Count(), 10, 20);
        Assert.Equal(Elsewhere[2..], Assert.Single(upstream.Frames)[2..]);
    }

    [Fact]
    public async Task No_such_name_is_an_answer()
    {
        await using var dns = new DnsFixture(Impatient);
        await using var first = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NameError)]);
        await using var second = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, Known)]);
        dns.Forward(new DnsUpstream(first.Address, true), new DnsUpstream(second.Address, true));
        Assert.Equal(DnsResponseCode.NameError, HeaderOf(await dns.AskAsync(Elsewhere)).ResponseCode);
        Assert.Empty(second.Datagrams);
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("closed")]
    [InlineData("failing")]
    [InlineData("refusing")]
    [InlineData("forging")]
    public async Task The_next_server_is_asked_after_a_failure(string how)
    {
        await using var dns = new DnsFixture(Impatient);
        var first = dns.Upstream(true, (message, _) => how switch
        {
            "failing" => [Answer(message, DnsResponseCode.ServerFailure)],
            "refusing" => [Answer(message, DnsResponseCode.Refused)],
            "forging" => [Answer(Query("other", DnsRecordType.A), DnsResponseCode.NoError, IPAddress.Loopback), message, []],
            _ => [],
        });
        var address = first.Address;
        if (how == "closed") await first.DisposeAsync();
        await using var second = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, Known)]);
        dns.Forward(new DnsUpstream(address, true), new DnsUpstream(second.Address, true));
        Assert.Equal([Known], AddressesIn(await dns.AskAsync(Elsewhere)));
        Assert.Equal([Known], AddressesIn(await dns.AskByStreamAsync(Elsewhere)));
        dns.Forward(new DnsUpstream(address, true));
        Assert.Equal((DnsResponseCode.ServerFailure, 0xABCD), Failure(await dns.AskAsync(Elsewhere)));
        Assert.Equal((DnsResponseCode.ServerFailure, 0xABCD), Failure(await dns.AskByStreamAsync(Elsewhere)));
        if (how != "closed") await first.DisposeAsync();
    }

    [Fact]
    public async Task Forged_answers_do_not_hide_the_true_one()
    {
        await using var dns = new DnsFixture();
        await using var upstream = dns.Upstream(true, (message, _) =>
        {
            var wrongId = Answer(message, DnsResponseCode.NoError, IPAddress.Loopback);
            wrongId[0] ^= 1;
            var wrongName = Answer(message, DnsResponseCode.NoError, IPAddress.Loopback);
            wrongName[13] ^= 1;
            return [wrongId, wrongName, [1, 2, 3], Answer(message, DnsResponseCode.NoError, Known)];
        });
        dns.Forward(new DnsUpstream(upstream.Address, true));
        Assert.Equal([Known], AddressesIn(await dns.AskAsync(Elsewhere)));
    }

    [Fact]
    public async Task Truncated_answers_lead_to_whole_ones_by_connection()
    {
        await using var dns = new DnsFixture();
        var many = Enumerable.Range(0, 200).Select(i => new IPAddress([192, 0, 2, (byte)i])).ToArray();
        await using var upstream = dns.Upstream(true, (message, stream) =>
        {
            var answer = Answer(message, DnsResponseCode.NoError, stream ? many : many[..1]);
            if (!stream) answer[2] |= 2;
            return [answer];
        });
        dns.Forward(new DnsUpstream(upstream.Address, true));
        Assert.True(HeaderOf(await dns.AskAsync(Elsewhere)).IsTruncated);
        Assert.Equal(many, AddressesIn(await dns.AskByStreamAsync(Elsewhere)));
    }

    [Fact]
    public async Task Long_answers_are_passed_on()
    {
        await using var dns = new DnsFixture();
        var many = Enumerable.Range(0, 3000).Select(i => new IPAddress([192, 0, (byte)(i / 256), (byte)i])).ToArray();
        await using var upstream = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, many)]);
        dns.Forward(new DnsUpstream(upstream.Address, true));
        Assert.Equal(many, AddressesIn(await dns.AskAsync(Elsewhere)));
        Assert.Equal(many, AddressesIn(await dns.AskByStreamAsync(Elsewhere)));
    }

    [Fact]
    public async Task Internal_networks_reach_only_servers_of_their_own()
    {
        await using var dns = new DnsFixture();
        await using var host = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, IPAddress.Loopback)]);
        await using var own = dns.Upstream(false, (message, _) => [Answer(message, DnsResponseCode.NoError, Known)]);
        dns.Sandbox.View = dns.Sandbox.View with { IsExternal = false };
        dns.Forward(new DnsUpstream(host.Address, true));
        Assert.Equal((DnsResponseCode.ServerFailure, 0xABCD), Failure(await dns.AskAsync(Elsewhere)));
        dns.Forward(new DnsUpstream(host.Address, true), new DnsUpstream(own.Address, false));
        Assert.Equal([Known], AddressesIn(await dns.AskAsync(Elsewhere)));
        Assert.Empty(host.Datagrams);
        dns.Sandbox.View = dns.Sandbox.View with { IsExternal = true };
        Assert.Equal([IPAddress.Loopback], AddressesIn(await dns.AskAsync(Elsewhere)));
    }

    [Fact]
    public async Task The_server_does_not_ask_itself()
    {
        await using var dns = new DnsFixture();
        dns.Forward(new DnsUpstream(new IPEndPoint(IPAddress.Parse("127.0.0.11"), 53), false));
        Assert.Equal((DnsResponseCode.ServerFailure, 0xABCD), Failure(await dns.AskAsync(Elsewhere)));
    }

    [Fact]
    public async Task Too_many_questions_are_refused_and_names_are_not()
    {
        await using var dns = new DnsFixture(new DnsServerOptions { MaxForwardedPerSandbox = 4 });
        var answering = false;
        await using var upstream = dns.Upstream(true, (message, _) => Volatile.Read(ref answering) ? [Answer(message, DnsResponseCode.NoError, Known)] : []);
        dns.Forward(new DnsUpstream(upstream.Address, true));
        for (var i = 0; i < 4; i++) dns.Send(Elsewhere);
        Assert.Equal((DnsResponseCode.Refused, 0xABCD), Failure(await dns.AskAsync(Elsewhere)));
        Assert.Single(AddressesIn(await dns.AskAsync(Query("web", DnsRecordType.A))));
        // What is under way is forgotten with the sandbox, and counts no longer.
        await dns.Server.DetachAsync(dns.Sandbox);
        Volatile.Write(ref answering, true);
        await dns.Server.AttachAsync(dns.Sandbox, dns.Sockets);
        for (var i = 0; i < 10; i++) Assert.Equal([Known], AddressesIn(await dns.AskAsync(Elsewhere)));
    }

    [Fact]
    public async Task One_sandbox_does_not_take_the_share_of_another()
    {
        await using var greedy = new DnsFixture(new DnsServerOptions { MaxForwarded = 8, ForwardedShare = 2 });
        await using var modest = new DnsFixture(attach: false);
        await greedy.Server.AttachAsync(modest.Sandbox, modest.Sockets);
        await using var silent = greedy.Upstream(true, (_, _) => []);
        await using var upstream = greedy.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, Known)]);
        greedy.Forward(new DnsUpstream(silent.Address, true));
        modest.Forward(new DnsUpstream(upstream.Address, true));
        for (var i = 0; i < 8; i++) greedy.Send(Elsewhere);
        Assert.Equal((DnsResponseCode.Refused, 0xABCD), Failure(await greedy.AskAsync(Elsewhere)));
        Assert.Equal([Known], AddressesIn(await modest.AskAsync(Elsewhere)));
        await greedy.Server.DetachAsync(modest.Sandbox);
    }

    [Fact]
    public async Task A_connection_that_is_reset_leaves_nothing()
    {
        await using var dns = new DnsFixture(new DnsServerOptions { MaxForwardedPerSandbox = 1, UpstreamTimeout = TimeSpan.FromMinutes(1) });
        await using var silent = dns.Upstream(true, (message, _) => message.AsSpan(2).SequenceEqual(Elsewhere.AsSpan(2)) ? [] : [Answer(message, DnsResponseCode.NoError, Known)]);
        dns.Forward(new DnsUpstream(silent.Address, true));
        var socket = dns.Connect(stream: true);
        await dns.Poller.SendFrameAsync(socket, Query("web", DnsRecordType.A));
        await dns.Poller.SendFrameAsync(socket, Elsewhere);
        var other = Query("other", DnsRecordType.A);
        while (silent.Frames.IsEmpty) await Task.Delay(5);
        Assert.Equal(DnsResponseCode.Refused, HeaderOf(await dns.AskAsync(other)).ResponseCode);
        // With an answer unread the end is a reset; a mere end of sending would be no reason to stop.
        socket.Dispose();
        var answer = await dns.AskAsync(other);
        for (var i = 0; i < 2000 && HeaderOf(answer).ResponseCode == DnsResponseCode.Refused; i++) answer = await dns.AskAsync(other);
        Assert.Equal([Known], AddressesIn(answer));
    }

    private static (DnsResponseCode Code, int Id) Failure(byte[]? answer) => (HeaderOf(answer).ResponseCode, HeaderOf(answer).Id);
}
