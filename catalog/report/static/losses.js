// Loss trajectories: a band and some members of each cluster, and one member against its cluster.
import { ask, columns } from './data.js';
import { element, find, quiet, shown } from './dom.js';

const [WIDE, TALL, MARGIN] = [220, 110, 6];

function shape(tag, attributes, ...children) {
  const node = document.createElementNS(find('#drawing').namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function scaleFor(clusters, own) {
  const values = clusters.flatMap(({ p10, p90, shown: some }) => [...p10, ...p90, ...some.flat()]);
  const [low, high] = [Math.min(...values, ...own), Math.max(...values, ...own)];
  return (losses) => losses.map((loss, k) => {
    const x = MARGIN + ((WIDE - 2 * MARGIN) * k) / Math.max(1, losses.length - 1);
    const y = TALL - MARGIN - ((TALL - 2 * MARGIN) * (loss - low)) / (high - low || 1);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
}

const trace = (points, className) => shape('polyline', { points: points.join(' '), class: className });

function clusterChart(cluster, pointsOf, own, label) {
  const { p10, p50, p90, shown: some } = cluster;
  const band = [...pointsOf(p10), ...pointsOf(p90).reverse()].join(' ');
  return shape(
    'svg', { viewBox: `0 0 ${WIDE} ${TALL}`, class: 'losses', role: 'img', 'aria-label': label },
    shape('polygon', { points: band, class: 'band' }),
    ...(own.length ? [] : some.map((losses) => trace(pointsOf(losses), 'member'))),
    trace(pointsOf(p50), 'median'),
    ...(own.length ? [trace(pointsOf(own), 'own')] : []),
  );
}

function clusterText({ cluster, n_members: n, p50 }) {
  return `Cluster ${cluster}, ${shown(n)} members: the median loss goes from ${shown(p50[0])} `
    + `to ${shown(p50.at(-1))}`;
}

export async function lossesView(pane) {
  const clusters = await ask('clusters');
  const pointsOf = scaleFor(clusters, []);
  const figures = clusters.map((cluster) => element(
    'figure', {}, clusterChart(cluster, pointsOf, [], clusterText(cluster)),
    element('figcaption', {}, clusterText(cluster)),
  ));
  pane.replaceChildren(
    quiet('Clusters of loss trajectories by k-means. Each chart has the same scale: the band holds '
      + '80 % of the members, the thick line is the median, the thin lines are members.'),
    element('div', { className: 'figures' }, ...figures),
  );
}

// A member's losses over the band of its cluster.
export async function ownLosses(id) {
  const [own, clusters] = [await ask('losses', { id }), await ask('clusters')];
  const cluster = clusters[columns.get('loss_cluster').values[id]];
  const last = own.at(-1);
  const text = `Loss from ${shown(own[0])} to ${shown(last)}; the median of its cluster `
    + `${cluster.cluster} (${shown(cluster.n_members)} members) ends at ${shown(cluster.p50.at(-1))}.`;
  const label = `${text} 80 % of the cluster end between ${shown(cluster.p10.at(-1))} and `
    + `${shown(cluster.p90.at(-1))}.`;
  return [clusterChart(cluster, scaleFor([cluster], own), own, label), quiet(label)];
}
