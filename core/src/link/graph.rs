//! The order in which objects that refer to each other can be linked, and which of them are in a cycle

/// A directed graph: the nodes that each node refers to, by position
pub(crate) type Edges = Vec<Vec<usize>>;

/// The nodes of a graph in an order for linking, and its cycles
pub(crate) struct TopologicalOrder {
    /// Every node; one that is in no cycle comes after all that it refers to
    pub(crate) nodes: Vec<usize>,
    /// Whether a node is in a cycle, by position
    pub(crate) is_cyclic: Vec<bool>,
}

/// Orders a graph by Kosaraju's algorithm, without recursion: a chain of references may be as long as a document
pub(crate) fn order(edges: &Edges) -> TopologicalOrder {
    let mut seen = vec![false; edges.len()];
    let mut nodes = Vec::with_capacity(edges.len());
    for node in 0..edges.len() {
        visit(edges, node, &mut seen, &mut nodes);
    }
    let reversed = reverse(edges);
    let mut seen = vec![false; edges.len()];
    let mut is_cyclic = vec![false; edges.len()];
    for node in nodes.iter().rev() {
        let mut component = Vec::new();
        visit(&reversed, *node, &mut seen, &mut component);
        let refers_to_itself = edges
            .get(*node)
            .is_some_and(|targets| targets.contains(node));
        if component.len() > 1 || refers_to_itself {
            for member in component {
                set(&mut is_cyclic, member);
            }
        }
    }
    TopologicalOrder { nodes, is_cyclic }
}

/// Appends what is reachable from `start` and not yet seen, each node after those it leads to
fn visit(edges: &Edges, start: usize, seen: &mut [bool], finished: &mut Vec<usize>) {
    if !set(seen, start) {
        return;
    }
    let mut path = vec![(start, targets(edges, start))];
    while let Some((node, rest)) = path.last_mut() {
        match rest.next() {
            Some(target) if set(seen, *target) => path.push((*target, targets(edges, *target))),
            Some(_) => {}
            None => {
                finished.push(*node);
                path.pop();
            }
        }
    }
}

fn targets(edges: &Edges, node: usize) -> std::slice::Iter<'_, usize> {
    edges
        .get(node)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn reverse(edges: &Edges) -> Edges {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (node, targets) in edges.iter().enumerate() {
        for target in targets {
            if let Some(sources) = reversed.get_mut(*target) {
                sources.push(node);
            }
        }
    }
    reversed
}

/// Marks a node; returns whether it was unmarked
fn set(marks: &mut [bool], node: usize) -> bool {
    marks
        .get_mut(node)
        .is_some_and(|mark| !std::mem::replace(mark, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_first_and_circles_are_found() {
        // 0 → 1 → 2 → 1, 3 → 0, 4 → 4, 5 alone, 6 → 1 between nothing
        let order = order(&vec![
            vec![1],
            vec![2],
            vec![1],
            vec![0],
            vec![4],
            vec![],
            vec![1, 5],
        ]);
        let cyclic: Vec<usize> = (0..7).filter(|node| order.is_cyclic[*node]).collect();
        assert_eq!(cyclic, [1, 2, 4]);
        let position = |node| order.nodes.iter().position(|other| *other == node).unwrap();
        assert!(
            position(0) < position(3) && position(5) < position(6) && position(1) < position(0)
        );
    }

    #[test]
    fn a_long_chain_is_no_deep_recursion() {
        let edges: Edges = (0..200_000)
            .map(|node| if node == 0 { vec![] } else { vec![node - 1] })
            .rev()
            .collect::<Vec<_>>();
        assert_eq!(order(&edges).nodes.len(), 200_000);
    }
}
