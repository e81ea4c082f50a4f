// @vitest-environment happy-dom
import { setFlags, TestFlags } from '@flagstaff/react/testing';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { Wishlist } from './Wishlist.jsx';

afterEach(cleanup);

test('shows a list until the gallery is on', () => {
  render(
    <TestFlags values={{ 'wishlist-gallery': false }}>
      <Wishlist />
    </TestFlags>,
  );
  expect(screen.getByRole('heading').textContent).toBe('List');
  setFlags({ 'wishlist-gallery': true });
  expect(screen.getByRole('heading').textContent).toBe('Gallery');
});

test('has the fallback of a flag that the test does not name', () => {
  render(
    <TestFlags>
      <Wishlist />
    </TestFlags>,
  );
  expect(screen.getByRole('button').textContent).toBe('Add');
  expect(screen.getByText(/Coming soon/)).toBeTruthy();
});

test('lets a component set the context', () => {
  render(
    <TestFlags values={{ 'wishlist-max-items': 20 }}>
      <Wishlist />
    </TestFlags>,
  );
  fireEvent.click(screen.getByRole('checkbox'));
  expect(screen.getByRole('checkbox').checked).toBe(true);
  setFlags({ 'wishlist-max-items': 100 });
  expect(screen.getByText(/100 items/)).toBeTruthy();
});
