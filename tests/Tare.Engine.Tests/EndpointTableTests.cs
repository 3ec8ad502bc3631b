using Tare.Engine.Networks;
using Tare.Networks;

namespace Tare.Engine.Tests;

/// <summary>Who is on a network, and when it may be removed.</summary>
public sealed class EndpointTableTests
{
    private static readonly Network One = new() { Id = new string('1', 64), Name = "one", Driver = "bridge", Created = default, Device = "br-one" };

    private readonly EndpointTable table = new();

    [Fact]
    public async Task A_network_is_closed_when_those_have_left_that_are_leaving()
    {
        Add("a");
        Assert.Equal(["a"], (await table.CloseAsync(One.Id))!.Keys);
        table.BeginLeaving(One.Id, "a");
        var closing = table.CloseAsync(One.Id);
        Assert.False(closing.IsCompleted);
        table.Remove(One.Id, "a");
        Assert.Null(await closing);
        // Somebody else closes it.
        Assert.Empty((await table.CloseAsync(One.Id))!);
        Assert.ThrowsAny<Exception>(() => Add("b"));
        table.Reopen(One.Id);
        Add("b");
    }

    [Fact]
    public async Task Whenever_the_last_one_leaves_the_network_is_closed()
    {
        for (var round = 0; round < 5000; round++)
        {
            Add("a");
            table.BeginLeaving(One.Id, "a");
            var leaving = Task.Run(() => table.Remove(One.Id, "a"));
            Assert.Null(await table.CloseAsync(One.Id));
            await leaving;
            table.Reopen(One.Id);
        }
    }

    private void Add(string container) => table.Add(One, container, container, EndpointState.Bare(One));
}
