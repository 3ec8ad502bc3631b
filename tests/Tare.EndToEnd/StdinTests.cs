using System.Security.Cryptography;
using System.Text;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>`echo x | docker run -i IMAGE cat` returns all of x, however often and however much.</summary>
public sealed class StdinTests(EngineFixture engine) : EngineTests(engine)
{
    /// <summary>What was lost was lost now and then, so it is asked often where that costs little.</summary>
    private static readonly int Repetitions = Setup.IsReference ? 25 : 150;

    [Theory, Clients]
    public async Task A_line_comes_back_every_time(string client)
    {
        for (int i = 0; i < Repetitions; i++)
        {
            Result result = (await RunWith(client, Encoding.UTF8.GetBytes($"line {i}\n"), "run", "--rm", "-i", "--network", "none", Image, "cat")).Ok();
            Assert.Equal($"line {i}\n", result.Out);
        }
    }

    [Theory, Clients]
    public async Task Many_at_once_come_back_whole(string client) =>
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            byte[] input = RandomNumberGenerator.GetBytes(200_000 + i);
            Result result = (await RunWith(client, input, "run", "--rm", "-i", "--network", "none", Image, "cat")).Ok();
            Assert.True(input.AsSpan().SequenceEqual(result.OutBytes), $"{result.OutBytes.Length} of {input.Length} bytes came back, or others");
        }));

    // The longest passes the end of the log's first segment.
    [Theory, ClientsWith(1), ClientsWith(65536), ClientsWith(20_000_000)]
    public async Task Any_length_comes_back_byte_by_byte(string client, int length)
    {
        byte[] input = RandomNumberGenerator.GetBytes(length);
        Result result = (await RunWith(client, input, "run", "--rm", "-i", "--network", "none", Image, "cat")).Ok();
        Assert.Equal(Convert.ToHexString(SHA256.HashData(input)), Convert.ToHexString(SHA256.HashData(result.OutBytes)));
    }

    [Theory, Clients]
    public async Task The_process_sees_the_end_of_input_and_answers_after_it(string client)
    {
        Result result = (await RunWith(client, new byte[300_000], "run", "--rm", "-i", "--network", "none", Image, "sh", "-c", "wc -c; echo after")).Ok();
        Assert.Equal("300000\nafter\n", result.Out);
    }

    [Theory, Clients]
    public async Task Without_i_there_is_no_input(string client)
    {
        Result result = (await RunWith(client, "ignored"u8.ToArray(), "run", "--rm", "--network", "none", Image, "sh", "-c", "cat; echo done")).Ok();
        Assert.Equal("done\n", result.Out);
    }

    [Theory, Clients]
    public async Task Input_that_nobody_reads_does_not_hold_the_client(string client) =>
        (await RunWith(client, new byte[5_000_000], "run", "--rm", "-i", "--network", "none", Image, "sh", "-c", "exit 3")).Expect(3);

    [Theory, Clients]
    public async Task A_conversation(string client)
    {
        using Running run = Start(client, "run", "--rm", "-i", "--network", "none", Image, "sh", "-c", "while read line; do echo got $line; done; echo end");
        for (int i = 0; i < 5; i++)
        {
            await run.WriteAsync($"{i}\n");
            await run.SeeAsync($"got {i}\n");
        }
        run.CloseStdin();
        Assert.EndsWith("got 4\nend\n", (await run.EndAsync()).Ok().Out, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Exec_takes_input_too(string client)
    {
        string name = await Idle(client);
        for (int i = 0; i < 25; i++)
        {
            Result result = (await RunWith(client, Encoding.UTF8.GetBytes($"line {i}\n"), "exec", "-i", name, "cat")).Ok();
            Assert.Equal($"line {i}\n", result.Out);
        }
        byte[] input = RandomNumberGenerator.GetBytes(5_000_000);
        Result large = (await RunWith(client, input, "exec", "-i", name, "cat")).Ok();
        Assert.True(input.AsSpan().SequenceEqual(large.OutBytes), $"{large.OutBytes.Length} of {input.Length} bytes came back, or others");
    }

    [Theory, Clients]
    public async Task Large_output_on_both_streams_arrives_whole(string client)
    {
        Result result = (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", "(seq 300000) & (seq 300000 >&2); wait")).Ok();
        string expected = string.Concat(Enumerable.Range(1, 300000).Select(i => $"{i}\n"));
        Assert.True(expected == result.Out, $"standard output: {result.Out.Length} of {expected.Length}");
        Assert.True(expected == result.Err, $"standard error: {result.Err.Length} of {expected.Length}");
    }

    [Theory, Clients]
    public async Task A_reader_that_goes_away_does_not_end_the_container(string client)
    {
        string name = Name();
        using Running run = Start(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "trap 'exit 0' TERM; while :; do echo tick; usleep 20000; done");
        await run.SeeAsync("tick");
        run.Kill();
        int count = (await Run(client, "logs", name)).Lines.Length;
        await Eventually.EqualAsync(true, async () => (await Run(client, "logs", name)).Lines.Length > count + 5);
    }
}
